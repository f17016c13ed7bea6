package dnsintercept_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"

	"github.com/strata-net/strata/tunx/dnsintercept"
)

// One resolver stands before another: names below "test" are asked for over TCP by the
// client, all others go on as datagrams.
func ExampleChain() {
	local := func(ctx context.Context, query []byte, server netip.AddrPort) ([]byte, error) {
		if !bytes.Contains(query, []byte("\x04test\x00")) {
			return nil, dnsintercept.ErrPass
		}
		return dnsintercept.Truncate(ctx, query, server)
	}
	resolve := dnsintercept.Chain(local, dnsintercept.Pass)

	server := netip.MustParseAddrPort("192.0.2.53:53")
	for _, name := range []string{"\x01a\x04test\x00", "\x01a\x03com\x00"} {
		query := []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + name + "\x00\x01\x00\x01")
		answer, err := resolve(context.Background(), query, server)
		fmt.Println(len(answer) > 0, err)
	}
	// Output:
	// true <nil>
	// false pass the query on
}
