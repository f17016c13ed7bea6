package acme

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/acme"
)

var errForeignKey = errors.New("the CA's certificate has another key than was asked for")

// order talks with the CA.
type order struct {
	m          *Manager
	client     *acme.Client
	registered bool
}

// obtain gets a certificate for host, keeps it and presents it.
func (o *order) obtain(ctx context.Context, host string) error {
	if err := o.register(ctx); err != nil {
		return err
	}
	placed, err := o.client.AuthorizeOrder(ctx, acme.DomainIDs(host))
	if err != nil {
		return err
	}
	for _, url := range placed.AuthzURLs {
		if err := o.prove(ctx, host, url); err != nil {
			return err
		}
	}
	ready, err := o.client.WaitOrder(ctx, placed.URI)
	if err != nil {
		return err
	}
	cert, key, err := o.finish(ctx, host, ready)
	if err != nil {
		return err
	}
	o.m.take(host, cert)
	if err := o.m.cache.keep(host, cert, key); err != nil {
		o.m.tell(Event{Host: host, Err: hostError("cache", host, err)}) // it is presented all the same
	}
	return nil
}

// register makes the account, or finds it.
func (o *order) register(ctx context.Context) error {
	if o.registered {
		return nil
	}
	account := &acme.Account{}
	if o.m.cfg.Email != "" {
		account.Contact = []string{"mailto:" + o.m.cfg.Email}
	}
	if e := o.m.cfg.ExternalAccount; e.ID != "" {
		account.ExternalAccountBinding = &acme.ExternalAccountBinding{KID: e.ID, Key: e.Key}
	}
	_, err := o.client.Register(ctx, account, acme.AcceptTOS) // Config.AgreeTerms is true
	if err != nil && !errors.Is(err, acme.ErrAccountAlreadyExists) {
		return &Error{Op: "account", Err: err}
	}
	o.registered = true
	return nil
}

// prove meets one authorization's challenge.
func (o *order) prove(ctx context.Context, host, url string) error {
	z, err := o.client.GetAuthorization(ctx, url)
	if err != nil {
		return err
	}
	if z.Status == acme.StatusValid {
		return nil // of an order before
	}
	kind := map[Challenge]string{TLSALPN01: "tls-alpn-01", HTTP01: "http-01"}[o.m.cfg.Challenge]
	for _, c := range z.Challenges {
		if c.Type != kind {
			continue
		}
		clean, err := o.answer(host, c.Token)
		if err != nil {
			return err
		}
		defer clean()
		if _, err := o.client.Accept(ctx, c); err != nil {
			return err
		}
		_, err = o.client.WaitAuthorization(ctx, z.URI)
		return err
	}
	return fmt.Errorf("the CA offers no challenge %s", kind)
}

// answer makes the server answer a challenge until clean is called.
func (o *order) answer(host, token string) (clean func(), err error) {
	if o.m.cfg.Challenge == HTTP01 {
		text, err := o.client.HTTP01ChallengeResponse(token)
		if err != nil {
			return nil, err
		}
		path := o.client.HTTP01ChallengePath(token)
		set(o.m, o.m.tokens, path, text)
		return func() { unset(o.m, o.m.tokens, path) }, nil
	}
	cert, err := o.client.TLSALPN01ChallengeCert(token, host)
	if err != nil {
		return nil, err
	}
	set(o.m, o.m.proofs, host, &cert)
	return func() { unset(o.m, o.m.proofs, host) }, nil
}

func set[V any](m *Manager, answers map[string]V, key string, value V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	answers[key] = value
}

func unset[V any](m *Manager, answers map[string]V, key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(answers, key)
}

// finish makes a key and has it certified.
func (o *order) finish(ctx context.Context, host string, ready *acme.Order) (*tls.Certificate, *ecdsa.PrivateKey, error) {
	key, err := newKey()
	var request []byte
	if err == nil {
		request, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{host}}, key)
	}
	if err != nil {
		return nil, nil, err
	}
	// Not CreateOrderCert: it needs the answer to say the order's URL, which the CA may leave out.
	chain, _, err := o.client.CreateCertFromOrder(ctx, ready, request, true)
	if err != nil {
		return nil, nil, err
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err == nil {
		err = check(leaf, host, time.Now())
	}
	if err == nil && !key.PublicKey.Equal(leaf.PublicKey) {
		err = errForeignKey
	}
	return &tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: leaf}, key, err
}
