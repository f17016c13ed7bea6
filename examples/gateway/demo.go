package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// demoTime bounds a whole demo, whatever goes wrong.
const demoTime = 3 * time.Minute

// demoOptions are what the clients of the demo ask for on their own sockets.
func demoOptions(network string) sockopt.Options {
	if network != "tcp" {
		return sockopt.Options{sockopt.RcvBuf.Value(200_000)}
	}
	return sockopt.Options{
		sockopt.TCPNoDelay.Value(true),
		sockopt.TCPKeepIdle.Value(25 * time.Second),
		sockopt.Prefer(sockopt.TCPUserTimeout.Value(10 * time.Second)),
	}
}

// A trial is one row of the demo: one protocol on one listener.
type trial struct {
	listener *Listener
	protocol string // such as https
	version  string // the HTTP version that the client offers; empty for TCP

	from     string              // the client's address, empty for any
	sessions *dtlsx.SessionCache // of dtls

	address net.Addr
	measure measurement
	again   tlsx.Session // of the last conn
	err     error
}

// localAddr returns where the client's UDP socket is.
func (t *trial) localAddr() string {
	if t.from == "" {
		return ""
	}
	return net.JoinHostPort(t.from, "0")
}

// patience is how long a dial may take. From an address that is denied it has to
// fail, and that may be by silence.
func (t *trial) patience() time.Duration {
	if t.from != "" {
		return probeTime
	}
	return callTime
}

// name says which trial it is, for an error.
func (t *trial) name() string {
	if t.version == "" {
		return t.protocol
	}
	return t.protocol + " " + t.version
}

// demo runs the built-in example on free ports, drives traffic through each of
// its listeners and prints a table. Its error names what did not work.
func demo(ctx context.Context, out io.Writer, log *slog.Logger) error {
	cfg, err := Load("gateway.yaml", defaultConfig, nil)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "gateway")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cfg.relocate(dir)
	return demoOf(ctx, cfg, out, log)
}

// listenAt makes a listener listen elsewhere.
func (n *Listener) listenAt(a Address) {
	n.Addresses = []Address{a}
	n.Net.Address, n.Net.Addresses = a.String(), nil
	n.UDP.Address, n.DTLS.Address = a.String(), a.String()
	if n.Protocol == QUIC {
		n.QUIC.Address = a.String()
	}
}

// relocate makes all listeners take free ports, and paths in a folder. What is
// dialled by a rewrite moves along.
func (c *Config) relocate(dir string) {
	moved := map[string]string{}
	if c.Admin != nil {
		c.Admin.Address.Host = "127.0.0.1:0"
	}
	for _, n := range c.Listeners {
		a := Address{Network: n.Protocol.network(), Host: "127.0.0.1:0"}
		if old := n.Addresses[0]; old.Network == "unix" {
			a = Address{Network: "unix", Host: filepath.Join(dir, n.Name+".sock")}
			moved[old.Host] = a.Host
		}
		n.listenAt(a)
	}
	for _, u := range c.Upstreams {
		for i, r := range u.Dial.Rewrites {
			if to, ok := moved[r.ToAddress]; ok {
				u.Dial.Rewrites[i].ToAddress = to
			}
		}
	}
}

// demoOf is demo for any configuration whose upstreams are echo servers.
func demoOf(ctx context.Context, cfg *Config, out io.Writer, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, demoTime)
	defer cancel()
	seen := &gallery{}
	g, err := Start(ctx, cfg, log, seen.add)
	if err != nil {
		return err
	}
	trials := newTrials(cfg)
	for _, t := range trials {
		t.address = g.Addr(t.listener.Name)
		t.run(ctx, g.CA(), seen)
		if t.err == nil {
			t.err = t.probe(ctx, g.CA())
		}
	}
	down, cancel := context.WithTimeout(ctx, cfg.Drain)
	defer cancel()
	if !g.Shutdown(down) {
		err = errors.New("shutdown: something did not end by itself")
	}
	if werr := errors.Join(writeTable(out, trials, seen), writeSessions(out, trials), writeCounters(out, g)); werr != nil {
		return werr
	}
	return errors.Join(err, failures(trials), seen.failures(), ctx.Err())
}

// newTrials returns one trial for each protocol that a listener speaks.
func newTrials(cfg *Config) []*trial {
	var trials []*trial
	for _, n := range cfg.Listeners {
		secure := n.TLS != nil
		switch {
		case n.Protocol == UDP, n.Protocol == QUIC, n.Protocol == DTLS:
			trials = append(trials, &trial{listener: n, protocol: string(n.Protocol)})
		case n.Protocol == TCP && secure:
			trials = append(trials, &trial{listener: n, protocol: "tcp+tls"})
		case n.Protocol == TCP:
			trials = append(trials, &trial{listener: n, protocol: "tcp"})
		case secure:
			trials = append(trials,
				&trial{listener: n, protocol: "https", version: "HTTP/1.1"},
				&trial{listener: n, protocol: "https", version: "HTTP/2.0"})
			if n.Protocol == HTTP3 {
				trials = append(trials, &trial{listener: n, protocol: "https", version: "HTTP/3.0"})
			}
		default:
			trials = append(trials, &trial{listener: n, protocol: "http", version: "HTTP/1.1"})
			if n.Versions.H2C {
				trials = append(trials, &trial{listener: n, protocol: "http", version: "HTTP/2.0"})
			}
		}
	}
	return trials
}

// run measures and notes what went wrong.
func (t *trial) run(ctx context.Context, ca *pki.CA, seen *gallery) {
	secure, err := t.secure(ca)
	if err != nil {
		t.err = err
		return
	}
	if t.sessions, t.err = dtlsx.NewSessionCache(0, 0); t.err != nil {
		return
	}
	open := func() (caller, error) { return t.dial(ctx, secure, seen.add) }
	t.measure, t.err = measure(ctx, open)
	if t.err == nil && t.version != "" && t.measure.http != t.version {
		t.err = fmt.Errorf("want %s, got %s", t.version, t.measure.http)
	}
	if t.err == nil && secure != nil {
		t.again, t.err = revisit(open)
	}
}

// secure is what all conns of a trial are dialled with, so that they share the
// sessions; nil without TLS.
func (t *trial) secure(ca *pki.CA) (*tls.Config, error) {
	if t.listener.TLS == nil {
		return nil, nil //nolint:nilnil // no TLS is no error
	}
	return tlsx.New(&tlsx.Config{Roots: tlsx.CAs{From: []tlsx.Data{tlsx.Text(string(ca.PEM()))}}})
}

// revisit comes once more, which must resume a session of the conns before.
func revisit(open func() (caller, error)) (tlsx.Session, error) {
	c, err := open()
	if err != nil {
		return tlsx.Session{}, err
	}
	defer c.close()
	if err := c.call([]byte("again")); err != nil {
		return tlsx.Session{}, err
	}
	_, session := c.versions()
	if !session.Resumed {
		return session, errors.New("the session was not resumed")
	}
	return session, nil
}

// failures joins the errors of trials, each with the name of its trial.
func failures(trials []*trial) error {
	var errs []error
	for _, t := range trials {
		if t.err != nil {
			errs = append(errs, fmt.Errorf("demo: %s on %v: %w", t.name(), t.address, t.err))
		}
	}
	return errors.Join(errs...)
}
