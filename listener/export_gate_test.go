package listener

import (
	"io"
	"net"
	"net/netip"

	"github.com/strata-net/strata/listener/internal/rules"
)

// Rules gives the tests the rules without a listener.
func Rules(allow, deny []netip.Prefix) func(netip.Addr) bool { return rules.New(allow, deny).Admits }

// Burst returns the burst of AcceptRate.
func Burst(c *Config) int { return c.burst() }

// Sources returns how many sources have open conns.
func Sources(l net.Listener) int {
	s := l.(*gate).sources
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.counts)
}

// ReadHeader and ParseHeader give the tests the two halves of receiving a header.
func ReadHeader(r io.Reader, most int) ([]byte, error) { return readHeader(r, most) }

func ParseHeader(b []byte) (*ProxyHeader, error) { return parseHeader(b) }
