package access_test

import (
	"fmt"
	"net/netip"

	"github.com/strata-net/strata/sockopt/access"
)

func Example() {
	lan, _ := access.ParsePrefix("10.0.0.0/8")
	printer, _ := access.ParsePrefix("10.0.0.9")
	rules := access.New([]netip.Prefix{lan}, []netip.Prefix{printer})
	for _, a := range []string{"10.1.2.3", "10.0.0.9", "192.0.2.1"} {
		fmt.Println(a, rules.Admits(netip.MustParseAddr(a)))
	}
	// Output:
	// 10.1.2.3 true
	// 10.0.0.9 false
	// 192.0.2.1 false
}
