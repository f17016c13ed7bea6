package dialer_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/pires/go-proxyproto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

func tcpAddr(t *testing.T, s string) *net.TCPAddr {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", s)
	require.NoError(t, err)
	return a
}

// headerOf dials with the context and returns the first bytes that the server gets.
func headerOf(t *testing.T, d dialer.Dialer, ctx context.Context, network string, l net.Listener) []byte { //nolint:revive // the dialer is the subject
	t.Helper()
	client, err := d.DialContext(ctx, network, l.Addr().String())
	require.NoError(t, err)
	defer client.Close()
	server, err := l.Accept()
	require.NoError(t, err)
	defer server.Close()
	_, err = io.WriteString(client, "end")
	require.NoError(t, err)
	client.Close()
	b, err := io.ReadAll(struct{ io.Reader }{server})
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(string(b), "end"))
	return b[:len(b)-3]
}

const signature = "\r\n\r\n\x00\r\nQUIT\n" // of version 2

func TestProxyProtocol(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	v4 := [2]net.Addr{tcpAddr(t, "192.0.2.1:1000"), tcpAddr(t, "198.51.100.2:443")}
	v6 := [2]net.Addr{tcpAddr(t, "[2001:db8::1]:1000"), tcpAddr(t, "[2001:db8::2]:443")}
	udp := [2]net.Addr{&net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1000}, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 53}}
	unix := [2]net.Addr{&net.UnixAddr{Name: "/from", Net: "unix"}, &net.UnixAddr{Name: strings.Repeat("x", 108), Net: "unix"}}
	gram := [2]net.Addr{&net.UnixAddr{Name: "", Net: "unixgram"}, &net.UnixAddr{Name: "/to", Net: "unixgram"}}
	pad := func(s string) string { return s + strings.Repeat("\x00", 108-len(s)) }
	wide := []byte{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	tlvs := []dialer.TLV{{Type: 1, Value: []byte("h2")}, {Type: 0xe0}}
	for _, test := range []struct {
		name    string
		version int
		header  *dialer.ProxyHeader
		want    string
	}{
		{"1 without a header", 1, nil, "PROXY UNKNOWN\r\n"},
		{"1 without addresses", 1, &dialer.ProxyHeader{}, "PROXY UNKNOWN\r\n"},
		{"1 IPv4", 1, &dialer.ProxyHeader{Source: v4[0], Destination: v4[1]}, "PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n"},
		{"1 IPv6", 1, &dialer.ProxyHeader{Source: v6[0], Destination: v6[1]}, "PROXY TCP6 2001:db8::1 2001:db8::2 1000 443\r\n"},
		{"1 IPv4 in two notations", 1, &dialer.ProxyHeader{Source: &net.TCPAddr{IP: net.IP{192, 0, 2, 1}, Port: 1000}, Destination: v4[1]}, "PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n"},
		{"2 without a header", 2, nil, signature + "\x20\x00\x00\x00"},
		{"2 without addresses", 2, &dialer.ProxyHeader{TLVs: tlvs}, signature + "\x20\x00\x00\x08\x01\x00\x02h2\xe0\x00\x00"},
		{"2 IPv4", 2, &dialer.ProxyHeader{Source: v4[0], Destination: v4[1]}, signature + "\x21\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x02\x03\xe8\x01\xbb"},
		{"2 IPv6 and TLVs", 2, &dialer.ProxyHeader{Source: v6[0], Destination: v6[1], TLVs: tlvs},
			signature + "\x21\x21\x00\x2c" + string(wide) + "\x01" + string(wide) + "\x02" + "\x03\xe8\x01\xbb\x01\x00\x02h2\xe0\x00\x00"},
		{"2 UDP", 2, &dialer.ProxyHeader{Source: udp[0], Destination: udp[1]}, signature + "\x21\x12\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02\x02\x03\xe8\x00\x35"},
		{"2 unix", 2, &dialer.ProxyHeader{Source: unix[0], Destination: unix[1]}, signature + "\x21\x31\x00\xd8" + pad("/from") + strings.Repeat("x", 108)},
		{"2 unixgram", 2, &dialer.ProxyHeader{Source: gram[0], Destination: gram[1]}, signature + "\x21\x32\x00\xd8" + pad("") + pad("/to")},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			ctx := t.Context()
			if test.header != nil {
				ctx = dialer.WithProxyHeader(ctx, *test.header)
			}
			d := newDialer(t, &dialer.Config{ProxyProtocol: test.version})
			got := headerOf(t, d, ctx, "tcp", l)
			assert.Equal(t, test.want, string(got))
			// The library's reader, as servers have it.
			parsed, err := proxyproto.Read(bufio.NewReader(strings.NewReader(string(got))))
			require.NoError(t, err)
			if test.header != nil && test.header.Source != nil {
				assert.Equal(t, test.header.Source.String(), parsed.SourceAddr.String())
				assert.Equal(t, test.header.Destination.String(), parsed.DestinationAddr.String())
			}
			assert.Empty(t, headerOf(t, newDialer(t, nil), ctx, "tcp", l), "a dialer that was not told to sends none")
		})
	}
}

func TestProxyHeadersThatCannotBe(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	v4, v6 := tcpAddr(t, "192.0.2.1:1"), tcpAddr(t, "[2001:db8::1]:1")
	var none *net.TCPAddr
	for name, test := range map[string]struct {
		version int
		header  dialer.ProxyHeader
		want    string
	}{
		"TLVs in version 1":       {1, dialer.ProxyHeader{Source: v4, Destination: v4, TLVs: []dialer.TLV{{}}}, "version 1 has no TLVs"},
		"UDP in version 1":        {1, dialer.ProxyHeader{Source: &net.UDPAddr{IP: v4.IP}, Destination: &net.UDPAddr{IP: v4.IP}}, "not addresses of network udp"},
		"unix in version 1":       {1, dialer.ProxyHeader{Source: &net.UnixAddr{Net: "unix"}, Destination: &net.UnixAddr{Net: "unix"}}, "not addresses of network unix"},
		"two versions of IP":      {2, dialer.ProxyHeader{Source: v4, Destination: v6}, "not of one version of IP"},
		"two networks":            {2, dialer.ProxyHeader{Source: v4, Destination: &net.UDPAddr{IP: v4.IP}}, "the source is a *net.TCPAddr, the destination a *net.UDPAddr"},
		"two networks, udp":       {2, dialer.ProxyHeader{Source: &net.UDPAddr{IP: v4.IP}, Destination: v4}, "the source is a *net.UDPAddr, the destination a *net.TCPAddr"},
		"two networks, unix":      {2, dialer.ProxyHeader{Source: &net.UnixAddr{Net: "unix"}, Destination: v4}, "the source is a *net.UnixAddr"},
		"stream and datagram":     {2, dialer.ProxyHeader{Source: &net.UnixAddr{Net: "unix"}, Destination: &net.UnixAddr{Net: "unixgram"}}, "the source is of network unix, the destination of unixgram"},
		"unixpacket":              {2, dialer.ProxyHeader{Source: &net.UnixAddr{Net: "unixpacket"}, Destination: &net.UnixAddr{Net: "unixpacket"}}, "has no network unixpacket"},
		"no destination":          {2, dialer.ProxyHeader{Source: v4}, "the destination nil"},
		"no source":               {2, dialer.ProxyHeader{Destination: v4}, "the source is nil"},
		"nil pointer":             {2, dialer.ProxyHeader{Source: none, Destination: v4}, "the source is a *net.TCPAddr"},
		"no IP":                   {2, dialer.ProxyHeader{Source: &net.TCPAddr{}, Destination: v4}, "has no IP address"},
		"another type of address": {2, dialer.ProxyHeader{Source: &net.IPAddr{IP: v4.IP}, Destination: v4}, "the source is a *net.IPAddr, not"},
		"port":                    {2, dialer.ProxyHeader{Source: &net.TCPAddr{IP: v4.IP, Port: 70000}, Destination: v4}, "port"},
		"long path":               {2, dialer.ProxyHeader{Source: &net.UnixAddr{Net: "unix", Name: strings.Repeat("x", 109)}, Destination: &net.UnixAddr{Net: "unix"}}, "108 bytes"},
		"long TLV":                {2, dialer.ProxyHeader{TLVs: []dialer.TLV{{Value: make([]byte, 65536)}}}, "65536"},
		"long TLVs":               {2, dialer.ProxyHeader{TLVs: []dialer.TLV{{Value: make([]byte, 40000)}, {Value: make([]byte, 40000)}}}, "overflow"},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			d := newDialer(t, &dialer.Config{ProxyProtocol: test.version})
			c, err := d.DialContext(dialer.WithProxyHeader(t.Context(), test.header), "tcp", l.Addr().String())
			require.ErrorContains(t, err, test.want)
			assert.Nil(t, c)
			e := failure(t, err)
			assert.Equal(t, "ProxyProtocol", e.Field)
			assert.Equal(t, string(rune('0'+test.version)), e.Value)
			assert.Equal(t, l.Addr().String(), e.Address)
		})
	}
}

func TestProxyProtocolOnNetworksWithoutStreams(t *testing.T) {
	d := newDialer(t, &dialer.Config{ProxyProtocol: 2})
	for _, network := range []string{"udp", "ip4:icmp", "unixgram", "unixpacket"} {
		_, err := d.Dial(network, "127.0.0.1:1")
		require.ErrorIs(t, err, errors.ErrUnsupported, network)
		assert.Equal(t, "ProxyProtocol", failure(t, err).Field)
	}
}

func TestProxyProtocolOnUnix(t *testing.T) {
	noLeak(t)
	l := listen(t, "unix", unixPath(t))
	ctx := dialer.WithProxyHeader(t.Context(), dialer.ProxyHeader{Source: tcpAddr(t, "192.0.2.1:1"), Destination: tcpAddr(t, "192.0.2.2:2")})
	got := headerOf(t, newDialer(t, &dialer.Config{ProxyProtocol: 1}), ctx, "unix", l)
	assert.Equal(t, "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", string(got))
}

// TestProxyProtocolBeforeTLS has everything on the way: a rewrite, two proxies, the header, TLS with the original name.
func TestProxyProtocolBeforeTLS(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	raw := listen(t, "tcp", "127.0.0.1:0")
	echo(t, tls.NewListener(&proxyproto.Listener{Listener: raw, ReadHeaderTimeout: eventually, ConnPolicy: func(proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
		return proxyproto.REQUIRE, nil
	}}, ca.server(t, "service.test")))
	server := newProxyServer()
	d := newDialer(t, &dialer.Config{
		Timeout: eventually, TLS: ca.client(), ProxyProtocol: 2,
		Rewrites: []dialer.Rewrite{{"tcp", "service.test:443", "tcp", raw.Addr().String()}},
		Proxies:  parseProxies(t, "socks5h://"+server.socks(t), "http://"+server.http(t)),
	})
	ctx := dialer.WithProxyHeader(t.Context(), dialer.ProxyHeader{Source: tcpAddr(t, "192.0.2.1:1"), Destination: tcpAddr(t, "192.0.2.2:2")})
	c, err := d.DialContext(ctx, "tcp", "service.test:443")
	require.NoError(t, err)
	defer c.Close()
	require.IsType(t, &tls.Conn{}, c)
	assert.Equal(t, "service.test", c.(*tls.Conn).ConnectionState().ServerName)
	roundTrip(t, c)
}

func TestDataBehindTheProxyHeader(t *testing.T) {
	noLeak(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	d := newDialer(t, &dialer.Config{ProxyProtocol: 1})
	c, err := dialer.DialData(t.Context(), d, "tcp", l.Addr().String(), []byte("data"))
	require.NoError(t, err)
	require.NoError(t, c.Close())
	server, err := l.Accept()
	require.NoError(t, err)
	defer server.Close()
	got, err := io.ReadAll(struct{ io.Reader }{server})
	require.NoError(t, err)
	assert.Equal(t, "PROXY UNKNOWN\r\ndata", string(got))
}
