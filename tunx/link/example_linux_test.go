package link_test

import (
	"fmt"
	"net/netip"

	"github.com/strata-net/strata/tunx/link"
)

// All that is wrong with a config is told at once, before anything is changed.
func ExampleConfig() {
	_, err := link.Setup(&link.Config{
		Name:   "vpn0",
		MTU:    60,
		Routes: []link.Route{{To: netip.MustParsePrefix("10.7.0.1/24")}},
	})
	fmt.Println(err)
	// Output:
	// link: config vpn0: MTU=60: must be 0, or from 68 to 65535 bytes
	// link: config vpn0: Routes[0]=10.7.0.1/24: has bits behind its prefix: 10.7.0.0/24 is meant
}
