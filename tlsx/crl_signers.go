package tlsx

import (
	"crypto/sha256"
	"crypto/x509"
	"sync"
)

// maxSigners bounds how many keys a list remembers: an issuer has one, and a
// second one while it changes its key.
const maxSigners = 16

// signers remembers which keys a list's signature was checked with: that of
// 100,000 entries takes milliseconds, which no handshake should.
type signers struct {
	mu  sync.Mutex
	all map[pin]error
}

// check says whether the key of issuer signed the list.
func (s *signers) check(list *x509.RevocationList, issuer *x509.Certificate) error {
	// The key's usage is part of the answer: two certificates of one key may differ.
	h := sha256.New()
	h.Write(issuer.RawSubjectPublicKeyInfo)
	h.Write([]byte{byte(issuer.KeyUsage >> 8), byte(issuer.KeyUsage)}) //nolint:gosec // 9 bits
	key := pin(h.Sum(nil))

	s.mu.Lock()
	defer s.mu.Unlock()
	err, known := s.all[key]
	if known {
		return err
	}
	err = list.CheckSignatureFrom(issuer)
	if s.all == nil || len(s.all) >= maxSigners {
		s.all = make(map[pin]error)
	}
	s.all[key] = err
	return err
}
