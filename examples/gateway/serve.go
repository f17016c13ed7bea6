package main

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"os"
	"os/signal"

	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/tlsx/pki"
)

// defaultConfig is what runs without -config.
//
//go:embed gateway.yaml
var defaultConfig []byte

// runGateway runs until ctx is done or a listener fails.
func runGateway(ctx context.Context, f *flags, log *slog.Logger) error {
	hup := make(chan os.Signal, 1)
	notifyHangup(hup)
	defer signal.Stop(hup) // until it ends, as the signal would end it at once
	cfg, err := f.load()
	if err != nil {
		return err
	}
	g, err := Start(ctx, cfg, log, nil)
	if err != nil {
		return err
	}
	if err = writeCA(f.ca, g.CA()); err == nil {
		cfg, err = f.run(ctx, g, cfg, hup, log)
	}
	drain(g, cfg, log)
	return err
}

// writeCA writes the CA for clients that want to verify.
func writeCA(name string, ca *pki.CA) error {
	switch {
	case name == "":
		return nil
	case ca == nil:
		return errors.New("-ca-out: no listener is self-signed")
	}
	return os.WriteFile(name, ca.PEM(), 0o644) //nolint:gosec // a certificate is public
}

// run waits until ctx is done, which is no error, or a listener failed. A signal
// to reload (SIGHUP), which arrives on hup, makes it read the document again.
func (f *flags) run(ctx context.Context, g *Gateway, cfg *Config, hup <-chan os.Signal, log *slog.Logger) (*Config, error) {
	log.Info("ready")
	for {
		select {
		case <-ctx.Done():
			return cfg, nil
		case err := <-g.Failed():
			return cfg, err
		case <-hup:
			cfg = f.reload(ctx, g, cfg, log)
		}
	}
}

// reload makes the gateway run what the document says now, and returns that. A
// document that cannot be changes nothing, but is what the log tells of.
func (f *flags) reload(ctx context.Context, g *Gateway, cfg *Config, log *slog.Logger) *Config {
	now, err := f.load()
	if err != nil {
		complain(log, "reload refused, nothing has changed", err)
		return cfg
	}
	if err := g.Reload(ctx, now); err != nil {
		complain(log, "reload failed", err)
		return cfg
	}
	if err := writeCA(f.ca, g.CA()); err != nil {
		complain(log, "reload", err)
	}
	log.Info("reloaded", "listeners", len(now.Listeners), "upstreams", len(now.Upstreams))
	return now
}

// complain logs each of the errors that are joined.
func complain(log *slog.Logger, what string, err error) {
	for _, e := range spec.Errors(err) {
		log.Error(what, "error", e)
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
