package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// listen returns what echoes until the context ends.
func listen(ctx context.Context, path string, out, diag io.Writer) (func() error, error) {
	cfg, err := load(ctx, path, &specv1.ListenConfig{}, netspec.ListenConfig)
	if err != nil {
		return nil, err
	}
	cfg.Track = true // so that Shutdown knows the conns
	return func() error {
		l, err := listener.New(ctx, cfg)
		if err != nil {
			return err
		}
		return echo(ctx, l.(listener.Listener), cfg.Options, out, diag)
	}, nil
}

// echo serves until the context ends.
func echo(ctx context.Context, l listener.Listener, options sockopt.Options, out, diag io.Writer) error {
	fmt.Fprintln(out, "listening on", l.Addr())
	verdict := report(out, options.At(sockopt.Bind, sockopt.Listening), l)
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ctx.Done()
		_ = l.Shutdown(ctx) // ctx is done: conns are closed too
	}()
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			<-done
			return verdict
		}
		if err != nil {
			fmt.Fprintln(diag, err)
			continue
		}
		if err := report(out, options.At(sockopt.Established), socket(conn)); err != nil {
			fmt.Fprintln(diag, err)
		}
		go func() {
			defer conn.Close()
			_, _ = io.Copy(conn, conn) // a client may go away at any time
		}()
	}
}
