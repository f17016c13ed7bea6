package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx"
)

// openDTLS opens a listener of package dtlsx.
func (g *Gateway) openDTLS(ctx context.Context, d *door) error {
	cfg := d.cfg.DTLS
	sessions, err := dtlsx.NewSessionCache(0, 0)
	if err != nil {
		return err
	}
	cfg.Sessions = sessions
	cfg.OnEvent = func(e dtlsx.Event) { d.log.Debug(e.Kind.String(), "client", e.Remote, "error", e.Err) }
	if d.cfg.TLS != nil {
		if cfg.TLS, err = g.dtlsTLS(ctx, d); err != nil {
			return err
		}
	}
	l, err := dtlsx.NewListener(ctx, &cfg)
	if err != nil {
		return err
	}
	own := l.(*dtlsx.Listener)
	d.net, d.addrs, d.stats = own, []net.Addr{own.Addr()}, func() any { return own.Stats() }
	return nil
}

// dtlsTLS is serverTLS for DTLS, which has one config for all clients: what can
// change stands behind callbacks.
func (g *Gateway) dtlsTLS(ctx context.Context, d *door) (*tls.Config, error) {
	c, err := d.cfg.TLS.config(&g.signer, nil)
	if err != nil {
		return nil, err
	}
	c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	s, err := d.sources.open(ctx, c, d.log)
	if err != nil {
		return nil, err
	}
	return dtlsConfig(s), nil
}

// dtlsConfig returns what of a source carries over to DTLS.
func dtlsConfig(s *tlsx.Source) *tls.Config {
	now := s.Current()
	return &tls.Config{
		MinVersion: now.MinVersion, MaxVersion: now.MaxVersion, CipherSuites: now.CipherSuites,
		CurvePreferences: now.CurvePreferences, NextProtos: now.NextProtos,
		ClientAuth: now.ClientAuth, ClientCAs: now.ClientCAs, KeyLogWriter: now.KeyLogWriter,
		GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) { return s.Current().GetCertificate(h) },
		VerifyConnection: func(state tls.ConnectionState) error {
			return s.Current().VerifyConnection(state)
		},
	}
}

// records gives a conn of DTLS what a flow asks of a session.
type records struct{ net.Conn }

// recordBuffers hold a record while it is forwarded.
var recordBuffers = sync.Pool{New: func() any { return new([1 << 14]byte) }} // RFC 6347, section 4.3.1

// WriteTo forwards each record as one datagram until the conn ends.
func (r records) WriteTo(w io.Writer) (int64, error) {
	buf := recordBuffers.Get().(*[1 << 14]byte)
	defer recordBuffers.Put(buf)
	var total int64
	for {
		n, err := r.Read(buf[:])
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
			return total, nil
		case err != nil:
			return total, err
		}
		if _, err := w.Write(buf[:n]); err != nil {
			return total, err
		}
		total += int64(n)
	}
}
