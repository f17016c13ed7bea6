package main

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"os"
)

// defaultConfig is what runs without -config.
//
//go:embed default.yaml
var defaultConfig []byte

// load returns the configuration to run.
func (f *flags) load() (*Config, error) {
	if f.config == "" {
		return Load("default.yaml", defaultConfig)
	}
	return LoadFile(f.config)
}

// runGateway runs until ctx is done or a listener fails.
func runGateway(ctx context.Context, f *flags, log *slog.Logger) error {
	cfg, err := f.load()
	if err != nil {
		return err
	}
	g, err := Start(ctx, cfg, log, nil)
	if err != nil {
		return err
	}
	if err = writeCA(f.ca, g.CA()); err == nil {
		log.Info("ready")
		err = wait(ctx, g)
	}
	drain(g, cfg, log)
	return err
}

// writeCA writes the CA for clients that want to verify.
func writeCA(name string, ca *CA) error {
	switch {
	case name == "":
		return nil
	case ca == nil:
		return errors.New("-ca-out: no listener is self-signed")
	}
	return os.WriteFile(name, ca.PEM(), 0o644) //nolint:gosec // a certificate is public
}

// wait returns nil when ctx is done, and the error of a listener that failed.
func wait(ctx context.Context, g *Gateway) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-g.Failed():
		return err
	}
}

// drain shuts the gateway down. The context that triggered it is done already,
// so the time limit has one of its own.
func drain(g *Gateway, cfg *Config, log *slog.Logger) {
	log.Info("draining", "time", cfg.Drain)
	ctx, cancel := context.WithTimeout(context.Background(), cfg.Drain)
	defer cancel()
	if !g.Shutdown(ctx) {
		log.Warn("drain time is over, the rest was cut")
	}
	log.Info("stopped")
}
