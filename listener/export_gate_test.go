package listener

import (
	"net"
	"net/netip"
)

// Rules gives the tests the rules without a listener.
func Rules(allow, deny []netip.Prefix) func(netip.Addr) bool { return newRules(allow, deny).admits }

// Burst returns the burst of AcceptRate.
func Burst(c *Config) int { return c.burst() }

// Sources returns how many sources have open conns.
func Sources(l net.Listener) int {
	s := l.(*gate).sources
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.counts)
}
