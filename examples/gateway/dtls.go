package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
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

// dtlsConfig returns what of a source carries over to DTLS. The library has one set
// of CAs for all clients, so the chains are verified here, by those of the moment.
func dtlsConfig(s *tlsx.Source) *tls.Config {
	now := s.Current()
	c := &tls.Config{
		MinVersion: now.MinVersion, MaxVersion: now.MaxVersion, CipherSuites: now.CipherSuites,
		CurvePreferences: now.CurvePreferences, NextProtos: now.NextProtos,
		ClientAuth: now.ClientAuth, KeyLogWriter: now.KeyLogWriter,
		GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) { return s.Current().GetCertificate(h) },
		VerifyConnection: func(state tls.ConnectionState) error {
			return s.Current().VerifyConnection(state)
		},
	}
	if !verifies(now.ClientAuth) {
		return c
	}
	c.ClientAuth = tls.RequireAnyClientCert
	if now.ClientAuth == tls.VerifyClientCertIfGiven {
		c.ClientAuth = tls.RequestClientCert
	}
	c.VerifyConnection = func(state tls.ConnectionState) (err error) {
		now := s.Current()
		if len(state.PeerCertificates) > 0 {
			state.VerifiedChains, err = clientChains(now, state.PeerCertificates)
		}
		if err != nil {
			return err
		}
		return now.VerifyConnection(state)
	}
	return c
}

// verifies says whether clients need a certificate of the CAs, if they show one.
func verifies(auth tls.ClientAuthType) bool { return auth >= tls.VerifyClientCertIfGiven }

// clientChains verifies what a client has shown as crypto/tls does.
func clientChains(c *tls.Config, shown []*x509.Certificate) ([][]*x509.Certificate, error) {
	opts := x509.VerifyOptions{
		Roots: c.ClientCAs, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, x := range shown[1:] {
		opts.Intermediates.AddCert(x)
	}
	chains, err := shown[0].Verify(opts)
	if err != nil {
		return nil, &tls.CertificateVerificationError{UnverifiedCertificates: shown, Err: err}
	}
	return chains, nil
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
