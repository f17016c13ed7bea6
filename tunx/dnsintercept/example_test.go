package dnsintercept_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/dnsintercept"
)

func ExampleNewPacketProxy() {
	direct, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFrom(&net.ListenConfig{}, "udp", ":0"))
	if err != nil {
		fmt.Println(err)
		return
	}
	overTCP := dnsintercept.OverStream(func(ctx context.Context, server netip.AddrPort) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", server.String())
	})
	proxy, err := dnsintercept.NewPacketProxy(direct, &dnsintercept.Config{
		Resolve: overTCP,
		Timeout: 3 * time.Second,
	})
	fmt.Println(proxy != nil, err)
	// Output: true <nil>
}
