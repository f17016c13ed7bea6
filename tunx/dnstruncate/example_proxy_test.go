package dnstruncate_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/dnstruncate"
)

// client takes the answers of a session.
type client struct{}

func (client) WriteFrom(p []byte, source net.Addr) (int, error) {
	fmt.Printf("%v: truncated: %t\n", source, p[2]&2 != 0)
	return len(p), nil
}

func (client) Close() error { return nil }

func ExampleNewPacketProxy() {
	proxy, err := dnstruncate.NewPacketProxy()
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := proxy.NewSession(client{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()
	query := []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01")
	_, err = session.WriteTo(query, netip.MustParseAddrPort("192.0.2.53:53"))
	fmt.Println(err)
	_, err = session.WriteTo(query, netip.MustParseAddrPort("192.0.2.53:443"))
	fmt.Println(errors.Is(err, tunx.ErrPortUnreachable))
	// Output:
	// 192.0.2.53:53: truncated: true
	// <nil>
	// true
}
