package access_test

import (
	"fmt"
	"net/netip"

	"github.com/strata-net/strata/sockopt/access"
)

// Two for each source: an IPv4 address, or a /64 of IPv6.
func ExampleNewCounts() {
	counts := access.NewCounts(2, access.Width{Bits4: 32, Bits6: 64})
	for _, a := range []string{"2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1"} {
		_, _, ok := counts.Take(netip.MustParseAddr(a))
		fmt.Println(a, ok)
	}
	// Output:
	// 2001:db8::1 true
	// 2001:db8::2 true
	// 2001:db8::3 false
	// 192.0.2.1 true
}
