package tlsx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ocsp"
)

const (
	// firstRetry is how long after a failure a responder is asked again; it
	// doubles up to maxRetry.
	firstRetry = 30 * time.Second
	maxRetry   = time.Hour
	// minRefresh bounds how often a responder with short-lived answers is asked.
	minRefresh = time.Minute
	// maxSleep bounds a wait: timers do not count while a machine sleeps.
	maxSleep = time.Hour
)

// stapler keeps the OCSP response of one certificate fresh. Whoever calls run
// owns it; offer and staple are safe for concurrent use.
type stapler struct {
	leaf, issuer *x509.Certificate
	client       *http.Client
	now          func() time.Time
	tell         func(error) // of each failure, never nil
	current      atomic.Pointer[ocsp.Response]

	mu      sync.Mutex // of who changes current
	revoked bool       // the responder said so last
}

// newStapler starts with the response in cert, if it has one that holds.
func newStapler(o *OCSP, cert *tls.Certificate, client *http.Client, now func() time.Time, tell func(error)) (*stapler, error) {
	leaf, issuer, err := o.pair(cert)
	if err != nil {
		return nil, err
	}
	s := &stapler{leaf: leaf, issuer: issuer, client: client, now: now, tell: tell}
	s.offer(cert.OCSPStaple)
	return s, nil
}

// offer takes the response that came with the certificate, if it holds. What the
// responder says counts more.
func (s *stapler) offer(der []byte) {
	r, err := checkOCSP(der, s.leaf, s.issuer, s.now())
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && !s.revoked {
		s.renew(r)
	}
}

// renew takes a response unless there is a newer one: it may be out of a cache.
func (s *stapler) renew(r *ocsp.Response) {
	if old := s.current.Load(); old == nil || r.ThisUpdate.After(old.ThisUpdate) {
		s.current.Store(r)
	}
}

// staple returns the response, nil if there is none that holds.
func (s *stapler) staple() []byte {
	r := s.current.Load()
	if r == nil || !s.now().Before(r.NextUpdate) {
		return nil
	}
	return r.Raw
}

// run fetches until ctx ends.
func (s *stapler) run(ctx context.Context) {
	due := s.due()
	retry := firstRetry
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if wait := due.Sub(s.now()); wait > 0 {
			timer.Reset(min(wait, maxSleep))
			continue
		}
		err := s.refresh(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.tell(err)
			due = s.now().Add(retry)
			retry = min(2*retry, maxRetry)
		default:
			due, retry = s.due(), firstRetry
		}
		timer.Reset(0)
	}
}

// due is when half of the response's time has passed, or half of what is left
// if that was before; now if there is no response.
func (s *stapler) due() time.Time {
	now := s.now()
	r := s.current.Load()
	if r == nil {
		return now
	}
	half := r.ThisUpdate.Add(r.NextUpdate.Sub(r.ThisUpdate) / 2)
	if half.After(now) {
		return half
	}
	return now.Add(max(r.NextUpdate.Sub(now)/2, minRefresh))
}

// refresh asks once. An answer that says revoked ends the stapling of an older
// one that says good; every other failure leaves it.
func (s *stapler) refresh(ctx context.Context) error {
	r, err := askOCSP(ctx, s.client, s.leaf, s.issuer, s.now)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.revoked = false
		s.renew(r)
		return nil
	}
	if _, revoked := errors.AsType[*RevokedError](err); revoked {
		s.revoked = true
		s.current.Store(nil)
	}
	return err
}
