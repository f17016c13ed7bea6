package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/tlsx/pki"
)

// probeTime is how long a denied client that sends datagrams waits for an answer
// that must not come.
const probeTime = 200 * time.Millisecond

// probe comes to a listener from an address that it denies, and returns an error
// unless it is refused.
func (t *trial) probe(ctx context.Context, ca *pki.CA) error {
	from, ok := t.denied()
	if !ok {
		return nil
	}
	if t.protocol == "quic" || t.protocol == "dtls" || t.version == "HTTP/3.0" {
		return t.shake(ctx, ca, from)
	}
	d, err := dialer.New(&dialer.Config{Timeout: callTime, LocalAddr: from.String()})
	if err != nil {
		return err
	}
	c, err := d.DialContext(ctx, t.address.Network(), t.address.String())
	switch {
	case errors.Is(err, errNoAddress):
		return nil // not every system has all of 127.0.0.0/8
	case err == nil:
		defer c.Close()
		err = t.knock(c)
	}
	if !t.refuses(err) {
		return fmt.Errorf("a client at %v, which is denied: %w", from, err)
	}
	return nil
}

// shake tries a handshake, which a listener of datagrams must not answer, or
// refuse.
func (t *trial) shake(ctx context.Context, ca *pki.CA, from netip.Addr) error {
	stranger := *t
	stranger.from = from.String()
	secure, err := stranger.secure(ca)
	if err != nil {
		return err
	}
	c, err := stranger.dial(ctx, secure, nil)
	if err == nil {
		defer c.close()
		err = c.call([]byte("?"))
	}
	var timeout interface{ Timeout() bool }
	switch refusal := (*quic.TransportError)(nil); {
	case errors.Is(err, errNoAddress):
		return nil
	case err == nil:
		err = errAnswered
	case errors.As(err, &refusal) && refusal.ErrorCode == quic.ConnectionRefused && refusal.Remote:
		return nil
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil
	}
	return fmt.Errorf("a client at %v, which is denied: %w", from, err)
}

// denied returns an address of loopback that the listener denies.
func (t *trial) denied() (netip.Addr, bool) {
	for _, p := range t.listener.Net.Deny {
		if p.Addr().IsLoopback() {
			return p.Addr(), true
		}
	}
	return netip.Addr{}, false
}

// errAnswered says that a listener took a client that it should have refused.
var errAnswered = errors.New("it was answered")

// knock sends a byte and waits for an answer, or, but for datagrams, for a reset.
func (t *trial) knock(c net.Conn) error {
	wait := callTime
	if t.protocol == "udp" {
		wait = probeTime
	}
	if err := c.SetDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	if _, err := c.Write([]byte("?")); err != nil {
		return err
	}
	_, err := c.Read(make([]byte, 1))
	if err == nil {
		return errAnswered
	}
	return err
}

// refuses says whether an error is what a refused client gets: a reset, or
// nothing at all if it sends datagrams.
func (t *trial) refuses(err error) bool {
	if t.protocol == "udp" {
		return errors.Is(err, os.ErrDeadlineExceeded)
	}
	return slices.ContainsFunc(resetErrors, func(e error) bool { return errors.Is(err, e) })
}
