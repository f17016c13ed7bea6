package dtlsx_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// An address that says nothing delays the next one by FallbackDelay only, and one
// that is closed not at all; what lost the race leaves nothing.
func TestDialRace(t *testing.T) {
	for name, test := range map[string]struct {
		delay time.Duration
		dead  func(t *testing.T, port uint16) string
	}{
		"silent": {20 * time.Millisecond, func(t *testing.T, port uint16) string {
			if runtime.GOOS == "windows" {
				t.Skip("wine has one port for all of 127.0.0.0/8")
			}
			s, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2), Port: int(port)})
			require.NoError(t, err)
			t.Cleanup(func() { s.Close() })
			return "127.0.0.2"
		}},
		"closed":         {time.Minute, func(*testing.T, uint16) string { return "127.0.0.3" }},
		"closed, in row": {-1, func(*testing.T, uint16) string { return "127.0.0.3" }},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			address, accepted := shake(t, &dtlsx.Config{TLS: serverTLS(t)})
			port := netip.MustParseAddrPort(address).Port()
			c := clientTLS()
			c.ServerName = "localhost"
			d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: c}, FallbackDelay: test.delay, Timeout: 30 * time.Second})
			require.NoError(t, err)
			start := time.Now()
			conn, err := dtlsx.DialTargets(t.Context(), d, port, test.dead(t, port), "127.0.0.1")
			require.NoError(t, err)
			assert.Less(t, time.Since(start), 25*time.Second, "the Timeout is 30 s")
			s, err := accepted()
			require.NoError(t, err)
			exchange(t, conn, s)
			require.NoError(t, conn.Close())
			require.NoError(t, s.Close())
		})
	}
}

// When all fail the error has each, and a cancelled dial ends them all.
func TestDialRaceLost(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("package net hides closed ports there")
	}
	noLeak(t)
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}})
	require.NoError(t, err)
	s, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 9)})
	require.NoError(t, err)
	defer s.Close()
	port := s.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	_, err = dtlsx.DialTargets(t.Context(), d, port, "127.0.0.7", "127.0.0.8")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.Contains(t, err.Error(), "127.0.0.7")
	assert.Contains(t, err.Error(), "127.0.0.8")
	assert.False(t, err.(net.Error).Timeout())

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = dtlsx.DialTargets(ctx, d, port, "127.0.0.7", "127.0.0.9")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.True(t, err.(net.Error).Timeout())
}

// A dial whose context ends tells so also before its first try, and when it had no
// second one.
func TestDialRaceCutShort(t *testing.T) {
	noLeak(t)
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}, FallbackDelay: -1})
	require.NoError(t, err)
	s, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 9)})
	require.NoError(t, err)
	defer s.Close()
	port := s.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	why := errors.New("the test wants it")
	ctx, cancel := context.WithCancelCause(t.Context())
	read := make(chan error, 1)
	go func() {
		_, _, err := s.ReadFrom(make([]byte, 2048))
		cancel(why)
		read <- err
	}()
	_, err = dtlsx.DialTargets(ctx, d, port, "127.0.0.9", "127.0.0.8")
	require.ErrorIs(t, err, why)
	assert.ErrorContains(t, err, "127.0.0.9")
	assert.NotContains(t, err.Error(), "127.0.0.8")
	require.NoError(t, <-read)

	_, err = dtlsx.DialTargets(ctx, d, port, "127.0.0.9", "127.0.0.8")
	require.ErrorIs(t, err, why)
	assert.NotContains(t, err.Error(), "127.0.0.9", "it was not tried")
}

// What the library refuses is an error of the dial, and closes the socket.
func TestDialRefusedByTheLibrary(t *testing.T) {
	noLeak(t)
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}})
	require.NoError(t, err)
	dtlsx.BreakDialer(d)
	_, err = d.DialContext(t.Context(), "udp", "127.0.0.1:9")
	var e *dtlsx.Error
	require.ErrorAs(t, err, &e)
	assert.ErrorContains(t, err, "handshake")
	assert.ErrorContains(t, err, "CipherSuite")
}

func TestDialBadTargets(t *testing.T) {
	noLeak(t)
	var asked atomic.Int32
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked.Add(1)
		return nil, errors.New("no name server")
	}}
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}, LocalAddr: "[127.0.0.1]", Resolver: resolver})
	require.NoError(t, err)
	assert.Zero(t, asked.Load(), "nothing is resolved in the constructor")
	for _, test := range []struct{ network, address, want string }{
		{"tcp", "127.0.0.1:1", "unknown network tcp"},
		{"udp", "127.0.0.1", "missing port"},
		{"udp", "127.0.0.1:0", "port 0"},
		{"udp", "127.0.0.1:http3x", "unknown port"},
		{"udp6", "127.0.0.1:1", "none of the addresses"},
		{"udp", "[::1]:1", "none of the addresses"},
		{"udp", "name.test:1", "name.test"},
	} {
		_, err := d.Dial(test.network, test.address)
		var e *dtlsx.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "dial", e.Op)
		assert.Contains(t, err.Error(), test.want)
	}
	var none context.Context
	_, err = d.DialContext(none, "udp", "127.0.0.1:1")
	require.ErrorContains(t, err, "context is nil")
}

// The dialled host is what is asked for and verified, without its zone and dot.
func TestServerName(t *testing.T) {
	for host, want := range map[string]string{"a.test": "a.test", "a.test.": "a.test", "fe80::1%lo": "fe80::1", "127.0.0.1": "127.0.0.1"} {
		d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}})
		require.NoError(t, err)
		assert.Equal(t, want, dtlsx.ServerNameOf(d, host))
	}
	c := clientTLS()
	c.ServerName = "b.test"
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: c}})
	require.NoError(t, err)
	assert.Equal(t, "b.test", dtlsx.ServerNameOf(d, "a.test"))
}

// The versions of IP take turns, the first one's first.
func TestInTurn(t *testing.T) {
	var ips []netip.Addr
	for s := range strings.FieldsSeq("::1 ::2 1.1.1.1 ::3 1.1.1.2") {
		ips = append(ips, netip.MustParseAddr(s))
	}
	var got []string
	for _, ip := range dtlsx.InTurn(ips) {
		got = append(got, ip.String())
	}
	assert.Equal(t, strings.Fields("::1 1.1.1.1 ::2 1.1.1.2 ::3"), got)
}
