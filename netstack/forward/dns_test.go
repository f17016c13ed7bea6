//go:build !plan9

package forward_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/dnsintercept"
)

// question is a DNS query for the address of "a." (RFC 1035 4.1).
const question = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01"

// response is the answer of that query: 192.0.2.1.
const response = "\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01" +
	"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"

// hook is the DNS hook that resolves with r.
func hook(r dnsintercept.Resolver) func(tunx.PacketProxy) (tunx.PacketProxy, error) {
	return func(next tunx.PacketProxy) (tunx.PacketProxy, error) {
		return dnsintercept.NewPacketProxy(next, &dnsintercept.Config{Resolve: r})
	}
}

func TestDNSThroughTheForwarder(t *testing.T) {
	for name, c := range map[string]struct {
		resolve dnsintercept.Resolver
		answer  func(t *testing.T, p []byte)
		passed  int // sessions' datagrams to port 53
	}{
		"truncate": {dnsintercept.Truncate, func(t *testing.T, p []byte) {
			t.Helper()
			require.GreaterOrEqual(t, len(p), 12)
			assert.Equal(t, question[:2], string(p[:2]), "the ID")
			assert.Equal(t, byte(0x82), p[2]&0x82, "QR and TC")
		}, 0},
		"answer": {func(_ context.Context, _ []byte, server netip.AddrPort) ([]byte, error) {
			assert.EqualValues(t, 53, server.Port())
			return []byte(response), nil
		}, func(t *testing.T, p []byte) {
			t.Helper()
			assert.Equal(t, response, string(p))
		}, 0},
		"pass": {dnsintercept.Pass, func(t *testing.T, p []byte) {
			t.Helper()
			assert.Equal(t, question, string(p), "the mirror's")
		}, 1},
	} {
		for family, a := range families {
			t.Run(name+" "+family, func(t *testing.T) {
				noLeak(t)
				m := newMirror()
				w := openWire(t, &forward.Config{Packets: m, DNS: hook(c.resolve)})
				w.send(ip(a.client, a.server, protoUDP, udp(4000, 53, []byte(question)), 6))
				got := w.next()
				assert.Equal(t, a.server, got.src)
				assert.Equal(t, a.client, got.dst)
				u := header.UDP(got.transport)
				assert.EqualValues(t, 53, u.SourcePort())
				assert.EqualValues(t, 4000, u.DestinationPort())
				c.answer(t, u.Payload())
				assert.Len(t, m.sessions, c.passed)

				// What is no query is not the hook's.
				w.send(ip(a.client, a.server, protoUDP, udp(4000, 443, []byte("hello")), 6))
				u = w.next().transport
				assert.EqualValues(t, 443, u.SourcePort())
				assert.Equal(t, "hello", string(u.Payload()))
				assert.Len(t, m.sessions, c.passed+1)
			})
		}
	}
}

// A hook that fails leaves the proxy that there is.
func TestDNSHookFails(t *testing.T) {
	noLeak(t)
	none := func(tunx.PacketProxy) (tunx.PacketProxy, error) { return nil, nil }
	_, err := forward.NewDevice(0, &forward.Config{DNS: none})
	var e *forward.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "DNS", e.Field)

	calls := 0
	m := newMirror()
	w := openWire(t, &forward.Config{Packets: m, DNS: func(next tunx.PacketProxy) (tunx.PacketProxy, error) {
		if calls++; calls > 1 {
			return nil, context.Canceled
		}
		return next, nil
	}})
	require.ErrorIs(t, w.dev.SetPacketProxy(nil), context.Canceled)
	a := families["ipv4"]
	w.send(ip(a.client, a.server, protoUDP, udp(4000, 53, payload(5)), 6))
	w.answered(a.client, a.server, payload(5))
}
