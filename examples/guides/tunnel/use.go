package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/strata-net/strata/netstack"
)

// use does with the client's stack what programs do: a name is looked up, a page
// fetched, a datagram sent, and one port is tried at which nobody listens.
func use(s *netstack.Stack, out io.Writer) error {
	dialer := s.Dialer()
	dialer.Timeout = 10 * time.Second
	dialer.Resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return s.DialContext(ctx, network, "192.0.2.53:53")
	}}
	web := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}
	page, err := web.Get("http://www.example.com./") //nolint:noctx // the dialer has a timeout
	if err != nil {
		return err
	}
	defer page.Body.Close()
	text, err := io.ReadAll(page.Body)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "the page: %s\n", text)
	if err := echo(dialer, out); err != nil {
		return err
	}
	_, err = dialer.Dial("tcp", "192.0.2.80:81")
	fmt.Fprintln(out, "refused:", errors.Is(err, netstack.ErrConnectionRefused))
	return nil
}

// echo sends a datagram and waits for its echo.
func echo(dialer *netstack.Dialer, out io.Writer) error {
	c, err := dialer.Dial("udp", "192.0.2.7:7")
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := c.Write([]byte("ping")); err != nil {
		return err
	}
	p := make([]byte, 100)
	n, err := c.Read(p)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "the echo: %s\n", p[:n])
	return nil
}
