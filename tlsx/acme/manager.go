package acme

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"errors"
	"os"
	"sync"
	"time"
)

// Manager presents the certificates that it gets. It is safe for concurrent use.
type Manager struct {
	cfg    *Config
	cache  cache
	key    *ecdsa.PrivateKey
	retry  time.Duration
	broken []Event // about files of the cache that are of no use

	running sync.Mutex

	mu     sync.RWMutex
	certs  map[string]*tls.Certificate // by host, with Leaf
	proofs map[string]*tls.Certificate // of TLS-ALPN-01, by host
	tokens map[string]string           // of HTTP-01, by path
	absent int                         // hosts without a certificate
	ready  chan struct{}               // closed when there are none
}

// New checks cfg and reads the cache, or makes it. What is wrong with cfg comes
// back as one error that joins an *[Error] for each field. It asks nobody.
func New(cfg *Config) (*Manager, error) {
	if cfg == nil {
		cfg = &Config{}
	}
	c, err := cfg.prepare()
	if err != nil {
		return nil, err
	}
	m := &Manager{
		cfg: c, retry: firstRetry, absent: len(c.Hosts), ready: make(chan struct{}),
		certs: map[string]*tls.Certificate{}, proofs: map[string]*tls.Certificate{}, tokens: map[string]string{},
	}
	if m.cache, err = openCache(c.Cache, c.Directory); err == nil {
		m.key, err = m.cache.accountKey()
	}
	if err != nil {
		return nil, &Error{Op: "cache", Field: "Cache", Value: c.Cache, Err: err}
	}
	for _, host := range c.Hosts {
		if err := m.recall(host); err != nil && !errors.Is(err, os.ErrNotExist) {
			m.broken = append(m.broken, Event{Host: host, Err: hostError("cache", host, err)})
		}
	}
	return m, nil
}

// recall takes the certificate for host from the cache.
func (m *Manager) recall(host string) error {
	cert, err := m.cache.certificate(host, time.Now())
	if err == nil {
		m.take(host, cert)
	}
	return err
}

// take presents cert from now on.
func (m *Manager) take(host string, cert *tls.Certificate) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.certs[host] == nil {
		if m.absent--; m.absent == 0 {
			close(m.ready)
		}
	}
	m.certs[host] = cert
}

// Wait waits until there is a certificate for every host, and returns the cause
// of ctx if that ends before.
func (m *Manager) Wait(ctx context.Context) error {
	select {
	case <-m.ready:
		return nil
	case <-ctx.Done():
		return &Error{Op: "run", Err: context.Cause(ctx)}
	}
}
