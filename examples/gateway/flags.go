package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
)

// flags is the command line.
type flags struct {
	config, check, ca string
	demo, env         bool
	level             slog.Level
}

// parseFlags reads the command line and says what is wrong with it.
func parseFlags(args []string, diag io.Writer) (*flags, error) {
	f := &flags{}
	fs := flag.NewFlagSet("gateway", flag.ContinueOnError)
	fs.SetOutput(diag)
	fs.StringVar(&f.config, "config", "", "run this `file` instead of the built-in example")
	fs.StringVar(&f.check, "check", "", "print every error of this `file` and exit")
	fs.BoolVar(&f.demo, "demo", false, "drive traffic through the built-in example and exit")
	fs.BoolVar(&f.env, "env", false, "replace ${NAME} and ${NAME:-default} in the file by environment variables")
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

// environment returns what ${NAME} in a document stands for; nil: it is text.
func (f *flags) environment() environment {
	if f.env {
		return os.LookupEnv
	}
	return nil
}
