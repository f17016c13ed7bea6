package main

import (
	"crypto/tls"
	"time"

	"github.com/strata-net/strata/tlsx/pki"
)

const protocol = "bench"

// credentials are the two sides of TLS.
type credentials struct {
	server, client *tls.Config
	tickets        *tickets // those that the client has, nil if it is to have none
}

func newCredentials(h handshake) (credentials, error) {
	ca, err := pki.New(nil)
	if err != nil {
		return credentials{}, err
	}
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"127.0.0.1"}})
	if err != nil {
		return credentials{}, err
	}
	c := credentials{
		server: &tls.Config{
			MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert.TLS()}, NextProtos: []string{protocol},
			SessionTicketsDisabled: h == full,
		},
		client: &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: ca.Pool(), ServerName: "127.0.0.1", NextProtos: []string{protocol}},
	}
	if h != full {
		c.tickets = &tickets{ClientSessionCache: tls.NewLRUClientSessionCache(0), first: make(chan struct{}, 1)}
		c.client.ClientSessionCache = c.tickets
	}
	return c, nil
}

// tickets tells when there is one.
type tickets struct {
	tls.ClientSessionCache
	first chan struct{}
}

// Get returns a copy: quic-go writes into the session, which several conns may have at the same time.
func (t *tickets) Get(key string) (*tls.ClientSessionState, bool) {
	found, ok := t.ClientSessionCache.Get(key)
	ticket, state, err := found.ResumptionState()
	if !ok || state == nil || err != nil {
		return found, ok
	}
	own := *state
	copied, err := tls.NewResumptionState(ticket, &own)
	return copied, err == nil
}

func (t *tickets) Put(key string, s *tls.ClientSessionState) {
	t.ClientSessionCache.Put(key, s)
	if s == nil {
		return
	}
	select {
	case t.first <- struct{}{}:
	default:
	}
}

// patience is for what does not take long.
const patience = 10 * time.Second
