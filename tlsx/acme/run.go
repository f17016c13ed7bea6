package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"time"

	"golang.org/x/crypto/acme"
)

const (
	// firstRetry, retryFactor and lastRetry keep within five failures a host and
	// hour, which is what Let's Encrypt allows.
	firstRetry  = 2 * time.Minute
	retryFactor = 3
	lastRetry   = 12 * time.Hour
	// patience bounds an order, and a request in it.
	patience       = 5 * time.Minute
	requestTimeout = 30 * time.Second
	// leastWait is between two orders for a host whose certificates are short.
	leastWait = time.Second
)

var errRunning = errors.New("runs already")

// attempt is when a host's turn is, and what came of the last one.
type attempt struct {
	due      time.Time
	failures int
}

// Run gets and renews the certificates until ctx ends, and returns its cause. It
// needs the server to be listening, and runs once at a time.
func (m *Manager) Run(ctx context.Context) error {
	if !m.running.TryLock() {
		return &Error{Op: "run", Err: errRunning}
	}
	defer m.running.Unlock()
	client, transport := m.client()
	defer transport.CloseIdleConnections()
	for _, e := range m.broken {
		m.tell(e)
	}
	m.broken = nil
	m.follow(ctx, &order{m: m, client: client})
	return &Error{Op: "run", Err: context.Cause(ctx)}
}

// follow sees to each host when it is due.
func (m *Manager) follow(ctx context.Context, o *order) {
	attempts := map[string]*attempt{}
	for _, host := range m.cfg.Hosts {
		attempts[host] = &attempt{due: m.renewal(host)}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		next := time.Now().Add(time.Hour)
		for _, host := range m.cfg.Hosts {
			a := attempts[host]
			if !time.Now().Before(a.due) && ctx.Err() == nil {
				m.try(ctx, o, host, a)
			}
			if a.due.Before(next) {
				next = a.due
			}
		}
		timer.Reset(time.Until(next))
	}
}

// try gets a certificate for host, and says when its next turn is.
func (m *Manager) try(ctx context.Context, o *order, host string, a *attempt) {
	err := m.renew(ctx, o, host)
	if err != nil && ctx.Err() != nil {
		return // nobody's fault
	}
	if err == nil {
		a.failures = 0
		a.due = time.Now().Add(max(leastWait, time.Until(m.renewal(host))))
		m.tell(Event{Host: host, NotAfter: m.certificate(host).Leaf.NotAfter})
		return
	}
	a.due = time.Now().Add(m.delay(a.failures, err))
	a.failures++
	m.tell(Event{Host: host, Err: hostError("obtain", host, err)})
}

// delay grows with failures, and is what the CA asks for at least.
func (m *Manager) delay(failures int, err error) time.Duration {
	d := m.retry
	for range failures {
		d = min(d*retryFactor, lastRetry)
	}
	// RateLimit does not look inside of other errors.
	if problem, ok := errors.AsType[*acme.Error](err); ok {
		asked, _ := acme.RateLimit(problem)
		d = max(d, min(asked, lastRetry))
	}
	return d
}

// renew takes what another process put into the cache, or orders.
func (m *Manager) renew(ctx context.Context, o *order, host string) error {
	if m.recall(host) == nil && time.Now().Before(m.renewal(host)) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return o.obtain(ctx, host)
}

// renewal returns when the certificate for host is to be renewed: the zero time
// if there is none.
func (m *Manager) renewal(host string) time.Time {
	cert := m.certificate(host)
	if cert == nil {
		return time.Time{}
	}
	life := cert.Leaf.NotAfter.Sub(cert.Leaf.NotBefore)
	before := m.cfg.RenewBefore
	if before == 0 {
		before = life / 3
	}
	return cert.Leaf.NotAfter.Add(-min(before, life/2))
}

func (m *Manager) certificate(host string) *tls.Certificate {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.certs[host]
}

func (m *Manager) tell(e Event) {
	if m.cfg.OnEvent != nil {
		e.Time = time.Now()
		m.cfg.OnEvent(e)
	}
}

func (m *Manager) client() (*acme.Client, *http.Transport) {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     &tls.Config{RootCAs: m.cfg.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: requestTimeout,
		ForceAttemptHTTP2:   true,
	}
	return &acme.Client{
		Key:          m.key,
		HTTPClient:   &http.Client{Transport: transport, Timeout: requestTimeout},
		DirectoryURL: m.cfg.Directory,
		UserAgent:    "strata-tlsx",
	}, transport
}
