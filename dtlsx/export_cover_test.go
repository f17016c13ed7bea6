package dtlsx

import (
	"net"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/pion/dtls/v3"

	"github.com/strata-net/strata/sockopt/access"
)

// MoveCookie makes this process work as if the library had its cookie in another
// field, until the test ends. No listener may be open before or after.
func MoveCookie(t *testing.T) {
	t.Helper()
	was := cookieField
	state, _ := reflect.TypeFor[dtls.Conn]().FieldByName("state")
	other, ok := state.Type.FieldByName("masterSecret")
	if !ok || other.Type != reflect.TypeFor[[]byte]() {
		t.Fatal("there is no such field")
	}
	cookieField = append(append([]int{}, state.Index...), other.Index...)
	t.Cleanup(func() { cookieField = was })
}

// BreakDialer and BreakListener leave a cipher suite in the config of a side that
// the library does not know.
func BreakDialer(d Dialer) { d.(*dialer).proto.suites = []dtls.CipherSuiteID{0xfefe} }

// BreakListener may be called before anything was sent.
func BreakListener(l *Listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.config.proto.suites = []dtls.CipherSuiteID{0xfefe}
}

// LoggedAlert reads a line of the library's log.
var LoggedAlert = loggedAlert

// HasHandshake looks for records of a handshake.
var HasHandshake = hasHandshake

// Places are those of a listener, filled by hand.
type Places struct {
	p     places
	peers map[string]*peer
}

// NewPlaces returns so many.
func NewPlaces(limit int, timeout time.Duration) *Places {
	return &Places{newPlaces(limit, timeout), map[string]*peer{}}
}

func sourceOfText(ip string) access.Source {
	return access.Width{Bits4: 32, Bits6: 128}.Source(netip.MustParseAddr(ip))
}

// Enter gives a client a place.
func (p *Places) Enter(name, ip string, now time.Time) {
	s := &peer{source: sourceOfText(ip)}
	p.peers[name] = s
	p.p.enter(s, now)
}

// Finish ends a handshake.
func (p *Places) Finish(name string) { p.p.finish(p.peers[name]) }

// Leave says how many are on their way out.
func (p *Places) Leave(n int) { p.p.leaving = n }

// Victim names who makes room for a client, "" if nobody does.
func (p *Places) Victim(ip string, now time.Time) string {
	s := p.p.victim(sourceOfText(ip), now)
	for name, of := range p.peers {
		if of == s && s != nil {
			return name
		}
	}
	return ""
}

// Tap is what a conn has between the library and its link.
type Tap struct{ *tap }

// NewTap returns one whose side has given out connection IDs of 4 bytes.
func NewTap(link net.PacketConn, psk bool) Tap {
	t := newTap(link, newJournal(), psk)
	t.cid.Store(4)
	return Tap{t}
}

// Finish ends the handshake.
func (t Tap) Finish() { t.finish() }

// Moved reports whether the peer has, and the library may not know.
func (t Tap) Moved() bool { return t.moved.Load() }

// Settle waits for the library.
func (t Tap) Settle() { t.settle() }

// Curve is the one of the key exchange.
func (t Tap) Curve() uint16 { return uint16(t.curveID()) }

// MaxSettle is the longest that Settle waits.
const MaxSettle = maxSettle
