package dtlsx

import (
	"net/netip"
	"reflect"
	"time"
)

// Stateful makes a listener work as it does with a release of the library that
// keeps its cookie elsewhere. Nothing may have been sent to it.
func Stateful(l *Listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stateless = false
}

// Ready returns how many conns Accept could return at once.
func Ready(l *Listener) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ready)
}

// FindCookie tells whether a type that stands for dtls.Conn has a cookie.
func FindCookie(t reflect.Type) bool { return findCookie(t) != nil }

// HelloCookie parses a datagram as the listener does, and returns the cookies
// in it.
func HelloCookie(b []byte) (cookies [][]byte, whole bool) {
	if !wellFormed(b, 0) {
		return nil, false
	}
	for rest := b; len(rest) > 0; {
		var r record
		r, rest, _ = cutRecord(rest, 0)
		if !isHello(&r) {
			return cookies, whole
		}
		for body := r.body; len(body) > 0; {
			f, next, ok := cutFragment(&r, body)
			if !ok {
				return cookies, whole
			}
			if o, ok := parseOpening(f.body); ok && f.offset == 0 {
				cookies = append(cookies, o.cookie)
				if whole = f.whole(); whole {
					again(f.body, &o)
				}
			}
			body = next
		}
	}
	return cookies, whole
}

// again panics unless what the library is fed with says what the client said.
func again(hello []byte, o *opening) {
	for _, b := range [][]byte{withCookie(hello, 7), withoutCookie(hello, o, 6)} {
		r, rest, ok := cutRecord(b, 0)
		if !ok || len(rest) > 0 || !isHello(&r) {
			panic("not a hello")
		}
		f, rest, ok := cutFragment(&r, r.body)
		if !ok || len(rest) > 0 || !f.whole() {
			panic("not a whole hello")
		}
		p, ok := parseOpening(f.body)
		if !ok || p.random != o.random || string(p.session) != string(o.session) || p.version != o.version {
			panic("another hello")
		}
	}
}

// Bakery is what makes cookies, on a clock of the test.
type Bakery struct{ b *baker }

// NewBakery returns one.
func NewBakery(now func() time.Time) Bakery { return Bakery{newBaker(now)} }

// Bake returns a cookie for a hello with that random.
func (b Bakery) Bake(from netip.AddrPort, version uint16, random byte, session string) []byte {
	return append([]byte(nil), b.b.bake(from, &opening{version: version, random: [randomLen]byte{random}, session: []byte(session)})...)
}

// Takes reports whether a cookie is good for a hello.
func (b Bakery) Takes(from netip.AddrPort, version uint16, random byte, session string, cookie []byte) bool {
	return b.b.takes(from, &opening{version: version, random: [randomLen]byte{random}, session: []byte(session), cookie: cookie})
}
