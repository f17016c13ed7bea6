package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// defaultConfig is what runs without -config.
//
//go:embed default.yaml
var defaultConfig []byte

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// flags is the command line.
type flags struct {
	config, check, ca string
	demo              bool
	level             slog.Level
}

// run does what the command line says and returns the exit status.
func run(ctx context.Context, args []string, out, diag io.Writer) int {
	f, err := parseFlags(args, diag)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	log := slog.New(slog.NewTextHandler(diag, &slog.HandlerOptions{Level: f.level}))
	switch {
	case f.check != "":
		return checkFile(f.check, out)
	case f.demo:
		err = demo(ctx, out, log)
	default:
		err = runGateway(ctx, f, log)
	}
	if err != nil {
		fmt.Fprintln(diag, err)
		return 1
	}
	return 0
}

// parseFlags reads the command line and says what is wrong with it.
func parseFlags(args []string, diag io.Writer) (*flags, error) {
	f := &flags{}
	fs := flag.NewFlagSet("gateway", flag.ContinueOnError)
	fs.SetOutput(diag)
	fs.StringVar(&f.config, "config", "", "run this `file` instead of the built-in example")
	fs.StringVar(&f.check, "check", "", "print every error of this `file` and exit")
	fs.BoolVar(&f.demo, "demo", false, "drive traffic through the built-in example and exit")
	fs.StringVar(&f.ca, "ca-out", "", "write the CA of self-signed certificates to this `file`")
	fs.TextVar(&f.level, "log", slog.LevelInfo,
		"`level` of the log: debug, info, warn or error; warn with -demo")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if f.demo && !given(fs, "log") {
		f.level = slog.LevelWarn
	}
	return f, f.validate(fs, diag)
}

// given says whether a flag stands on the command line.
func given(fs *flag.FlagSet, name string) (found bool) {
	fs.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// validate refuses what makes no sense together.
func (f *flags) validate(fs *flag.FlagSet, diag io.Writer) error {
	var err error
	switch {
	case fs.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case f.check != "" && (f.config != "" || f.demo || f.ca != ""):
		err = errors.New("-check excludes -config, -demo and -ca-out")
	case f.demo && (f.config != "" || f.ca != ""):
		err = errors.New("-demo excludes -config and -ca-out")
	}
	if err != nil {
		fmt.Fprintln(diag, "gateway:", err)
		fs.Usage()
	}
	return err
}

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
	return os.WriteFile(name, ca.PEM(), 0o644)
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
