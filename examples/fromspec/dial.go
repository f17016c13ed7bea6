package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// answerTimeout is how long an echo may take.
const answerTimeout = 10 * time.Second

// dial returns what sends a line and prints the answer.
func dial(ctx context.Context, path, address string, out io.Writer) (func() error, error) {
	cfg, err := load(ctx, path, &specv1.DialConfig{}, netspec.DialConfig)
	if err != nil {
		return nil, err
	}
	d, err := dialer.New(cfg)
	if err != nil {
		return nil, err
	}
	return func() error {
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		defer conn.Close()
		fmt.Fprintln(out, "connected to", conn.RemoteAddr())
		if err := ask(conn, out); err != nil {
			return err
		}
		return report(out, cfg.Options, socket(conn))
	}, nil
}

func ask(conn net.Conn, out io.Writer) error {
	if err := conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		return err
	}
	answer, err := bufio.NewReader(io.LimitReader(conn, 100)).ReadString('\n')
	if err != nil {
		return fmt.Errorf("no line came back: %w", err)
	}
	fmt.Fprint(out, "it says ", answer)
	return nil
}

// socket is what is below TLS. Conns of package net are sockets, and so are those
// that a listener tracks.
func socket(conn net.Conn) syscall.Conn {
	if c, ok := conn.(*tls.Conn); ok {
		conn = c.NetConn()
	}
	return conn.(syscall.Conn)
}

// report prints what became of each option, and returns what did not take effect.
func report(out io.Writer, options sockopt.Options, c syscall.Conn) error {
	for _, r := range options.Report(c) {
		fmt.Fprintf(out, "asked for %s, the kernel says %s%s\n", r.Option, r.Got, r.Note)
	}
	return options.Verify(c)
}
