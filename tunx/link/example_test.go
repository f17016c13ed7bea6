package link_test

import (
	"fmt"
	"net/netip"

	"github.com/strata-net/strata/tunx/link"
)

// Send what comes from one address through an interface, and the rest as before.
func ExampleSetup() { //nolint:testableexamples // needs an interface and privilege
	l, err := link.Setup(&link.Config{
		Name:   "vpn0",
		MTU:    1420,
		Addrs:  []netip.Prefix{netip.MustParsePrefix("10.7.0.1/32")},
		Routes: []link.Route{{To: netip.MustParsePrefix("0.0.0.0/0"), Table: 7000}},
		Rules:  []link.Rule{{Priority: 7000, Table: 7000, From: netip.MustParsePrefix("10.7.0.1/32")}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close() // takes away exactly that
}
