package bench

import (
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/netutil"

	"github.com/strata-net/strata/listener"
)

// manyConns is a limit that no case reaches.
const manyConns = 1 << 20

// Limited is a Config with a limit, rules and counters, none of which refuses what the cases do.
func Limited() *listener.Config {
	return &listener.Config{MaxConns: manyConns, Allow: allowed, Deny: denied, Track: true}
}

// Watched is Limited with a time that no conn here is idle for.
func Watched() *listener.Config {
	c := Limited()
	c.IdleTimeout = time.Hour
	return c
}

var (
	allowed = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	denied  = []netip.Prefix{
		netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("127.9.0.0/16"),
	}
)

// limitCases are dials to a listener with limit and rules.
func limitCases() []Case {
	return []Case{{
		Name:  "dial, accept, close, limit and rules",
		Batch: 200, // a timer is set with the first conn of each
		Ways: []Way{
			dialWay("net.Dialer and net.ListenConfig, without limit and rules", nil, pair{dialByHand, listenByHand}),
			dialWay("net.Dialer, netutil.LimitListener and a loop over prefixes", nil, pair{dialByHand, listenLimitedByHand}),
			dialWay("net.Dialer and listener.New", nil, pair{dialByHand, listenLimited}),
			dialWay("dialer.New and listener.New", nil, pair{dialNew, listenLimited}),
			dialWay("the same with IdleTimeout", nil, pair{dialNew, listenWatched}),
		},
	}}
}

func listenLimited([]setting) (net.Listener, error) { return listenConfig(Limited()) }

func listenWatched([]setting) (net.Listener, error) { return listenConfig(Watched()) }

func listenLimitedByHand(settings []setting) (net.Listener, error) {
	l, err := listenByHand(settings)
	if err != nil {
		return nil, err
	}
	return netutil.LimitListener(filtered{l}, manyConns), nil
}

// filtered is the filter that people write.
type filtered struct{ net.Listener }

func (l filtered) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer := c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
		if contains(allowed, peer) && !contains(denied, peer) {
			return c, nil
		}
		c.Close()
	}
}

func contains(list []netip.Prefix, peer netip.Addr) bool {
	for _, p := range list {
		if p.Contains(peer) {
			return true
		}
	}
	return false
}
