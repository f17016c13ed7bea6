package listener

import "github.com/strata-net/strata/sockopt/access"

const (
	// DefaultSourceBits4 is used when Config.SourceBits4 is zero.
	DefaultSourceBits4 = access.DefaultBits4
	// DefaultSourceBits6 is used when Config.SourceBits6 is zero: a customer
	// or a machine has a /64.
	DefaultSourceBits6 = access.DefaultBits6
)

// sourceWidth says how many bits of an address make a source.
func (c *Config) sourceWidth() access.Width {
	return access.Width{Bits4: c.SourceBits4, Bits6: c.SourceBits6}
}
