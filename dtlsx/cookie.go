package dtlsx

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"net/netip"
	"time"
)

// cookieLife is how long a secret makes cookies. It takes them for as long
// again: a client has one to two minutes to return one.
const cookieLife = time.Minute

// baker makes and takes cookies: 20 bytes of an HMAC over the address of the
// client and over version, random and session ID of its hello. What else RFC
// 6347, section 4.2.1, suggests to put into it may be in a later fragment of the
// hello; the address, which is what a cookie proves, and the random, which no
// other hello has, are always in the first. The library compares the rest.
//
// Only one goroutine may use it.
type baker struct {
	now           func() time.Time
	born          time.Time
	fresh, former hash.Hash
	sum           [sha256.Size]byte
}

func newBaker(now func() time.Time) *baker {
	return &baker{now: now, born: now(), fresh: newSecret(), former: newSecret()}
}

func newSecret() hash.Hash {
	var key [sha256.Size]byte
	rand.Read(key[:]) // never fails
	return hmac.New(sha256.New, key[:])
}

// rotate makes a new secret when the time of the old one is over.
func (b *baker) rotate() {
	now := b.now()
	age := now.Sub(b.born)
	if age < cookieLife {
		return
	}
	b.former = b.fresh
	if age >= 2*cookieLife {
		b.former = newSecret()
	}
	b.fresh, b.born = newSecret(), now
}

// bake returns a cookie, which the next call overwrites.
func (b *baker) bake(from netip.AddrPort, o *opening) []byte {
	b.rotate()
	return b.digest(b.fresh, from, o)
}

// takes reports whether the client has returned a cookie of ours.
func (b *baker) takes(from netip.AddrPort, o *opening) bool {
	if len(o.cookie) != cookieLen {
		return false
	}
	b.rotate()
	return subtle.ConstantTimeCompare(o.cookie, b.digest(b.fresh, from, o)) == 1 ||
		subtle.ConstantTimeCompare(o.cookie, b.digest(b.former, from, o)) == 1
}

func (b *baker) digest(h hash.Hash, from netip.AddrPort, o *opening) []byte {
	h.Reset()
	address := from.Addr().As16()
	h.Write(address[:])
	var fixed [4]byte
	binary.BigEndian.PutUint16(fixed[:], from.Port())
	binary.BigEndian.PutUint16(fixed[2:], o.version)
	h.Write(fixed[:])
	h.Write(o.random[:])
	h.Write(o.session)
	return h.Sum(b.sum[:0])[:cookieLen]
}
