package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"sync"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// signer is what the certificates of self_signed listeners come from: a CA
// that lives as long as the process.
type signer struct {
	mu sync.Mutex
	ca *pki.CA
}

// issue signs a certificate for names. The first call makes the CA.
func (s *signer) issue(names []string) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ca == nil {
		ca, err := pki.New(&pki.Config{Name: "gateway example CA"})
		if err != nil {
			return nil, err
		}
		s.ca = ca
	}
	leaf, err := s.ca.Issue(&pki.Leaf{Names: names, Server: true})
	if err != nil {
		return nil, err
	}
	cert := leaf.TLS()
	return &cert, nil
}

// authority returns the CA; nil before the first call of issue.
func (s *signer) authority() *pki.CA {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ca
}

// config returns what the gateway serves with: the file's, with what it leaves
// to the gateway.
func (s *ServerTLS) config(by *signer, protocols []string) (*tlsx.Config, error) {
	c := s.Config
	if len(s.Names) > 0 {
		cert, err := by.issue(s.Names)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tlsx.Certificate{{Value: cert}}
	}
	if protocols != nil {
		c.ALPN = protocols
	}
	return &c, nil
}

// config returns what an upstream is dialled with.
func (t *ClientTLS) config(host string) *tlsx.Config {
	c := t.Config
	if c.ServerName == "" {
		c.ServerName = host
	}
	return &c
}

// sources are what follows the certificates of a listener or an upstream.
type sources []*tlsx.Source

func (list sources) close() {
	for _, s := range list {
		s.Close()
	}
}

// serverTLS opens what a listener with TLS presents.
func (g *Gateway) serverTLS(ctx context.Context, d *door) (*tls.Config, error) {
	c, err := d.cfg.TLS.config(&g.signer, d.cfg.alpn())
	if err != nil {
		return nil, err
	}
	s, err := d.sources.open(ctx, c, d.log)
	if err != nil {
		return nil, err
	}
	return s.Config(), nil
}

// clientTLS opens what an upstream is dialled with; nil without TLS.
func (g *Gateway) clientTLS(ctx context.Context, u *Upstream, list *sources) (*tls.Config, error) {
	switch {
	case u.Echo != "" && u.Versions.H3:
		return tlsx.New(&tlsx.Config{Roots: tlsx.CAs{From: []tlsx.Data{tlsx.Text(string(g.CA().PEM()))}}})
	case u.TLS == nil:
		return nil, nil //nolint:nilnil // no TLS is no error
	}
	s, err := list.open(ctx, u.TLS.config(u.Address.hostname()), g.log.With("upstream", u.Name))
	if err != nil {
		return nil, err
	}
	return s.Config(), nil
}

// open opens a Source that lives until close, and logs what it notices.
func (list *sources) open(ctx context.Context, c *tlsx.Config, log *slog.Logger) (*tlsx.Source, error) {
	c.Reload.OnReload = func(e tlsx.Event) {
		if e.Err != nil {
			log.Warn("tls: change refused", "files", e.Files, "error", e.Err)
			return
		}
		log.Info("tls: reloaded", "files", e.Files)
	}
	s, err := tlsx.NewSource(context.WithoutCancel(ctx), c)
	if err != nil {
		return nil, err
	}
	*list = append(*list, s)
	return s, nil
}

// alpn are the protocols that TLS offers; nil leaves it to the document.
func (n *Listener) alpn() []string {
	if !n.Protocol.in(web) {
		return nil
	}
	return n.Versions.alpn()
}
