package dialer_test

import (
	"context"
	"crypto/tls"
	"net"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

// unixPath returns a path of a unix socket with a space in it, or skips where
// the system has no unix sockets.
func unixPath(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a b.sock")
	l, err := net.Listen("unix", path)
	if err != nil && runtime.GOOS == "windows" {
		t.Skipf("this Windows has no unix sockets: %v", err)
	}
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return path
}

func TestRewriteToUnixAndBack(t *testing.T) {
	noLeak(t)
	path := unixPath(t)
	server := listen(t, "unix", path)
	echo(t, server)
	tcp := listen(t, "tcp", "127.0.0.1:0")
	echo(t, tcp)
	d := newDialer(t, &dialer.Config{Rewrites: []dialer.Rewrite{
		{"tcp", "service.test:80", "unix", path},
		{"unix", path, "tcp", tcp.Addr().String()}, // one hop: the rule above does not lead here
	}})
	for target, want := range map[[2]string]net.Conn{
		{"tcp", "Service.Test.:http"}: &net.UnixConn{},
		{"tcp4", "service.test:80"}:   &net.UnixConn{},
		{"unix", path}:                &net.TCPConn{},
	} {
		c, err := d.Dial(target[0], target[1])
		require.NoError(t, err)
		defer c.Close()
		assert.IsType(t, want, c)
		roundTrip(t, c)
	}
}

func TestRewriteKeepsThePort(t *testing.T) {
	noLeak(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	d := newDialer(t, &dialer.Config{Rewrites: parseRewrites(t, "(tcp|*.test:*) (tcp|127.0.0.1:*)")})
	c, err := d.Dial("tcp4", "service.test:"+port)
	require.NoError(t, err)
	defer c.Close()
	roundTrip(t, c)
}

func TestRewriteOfDatagrams(t *testing.T) {
	noLeak(t)
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer server.Close()
	d := newDialer(t, &dialer.Config{Rewrites: []dialer.Rewrite{{"udp", "dns.test:53", "udp4", server.LocalAddr().String()}}})
	c, err := dialer.DialData(t.Context(), d, "udp", "dns.test:domain", []byte("query"))
	require.NoError(t, err)
	defer c.Close()
	buf := make([]byte, 16)
	n, from, err := server.ReadFrom(buf)
	require.NoError(t, err)
	assert.Equal(t, "query", string(buf[:n]))
	assert.Equal(t, c.LocalAddr().String(), from.String())
}

func TestTLSAfterRewriteHasTheOriginalName(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	path := unixPath(t)
	server := ca.server(t, "service.test")
	server.NextProtos = []string{"h2", "http/1.1"}
	_, askedUnix := tlsEcho(t, "unix", path, server)
	addr, askedTCP := tlsEcho(t, "tcp", "127.0.0.1:0", server.Clone())
	config := ca.client()
	config.NextProtos = []string{"h2"}
	d := newDialer(t, &dialer.Config{TLS: config, Rewrites: []dialer.Rewrite{
		{"tcp", "service.test:443", "unix", path},
		{"tcp", "service.test:*", "tcp", addr.String()},
		{"tcp", "other.test:443", "unix", path},
	}})
	for address, asked := range map[string]<-chan string{"service.test:443": askedUnix, "service.test:1": askedTCP} {
		c, err := d.Dial("tcp", address)
		require.NoError(t, err)
		defer c.Close()
		require.IsType(t, &tls.Conn{}, c)
		assert.Equal(t, "service.test", <-asked)
		assert.Equal(t, "h2", c.(*tls.Conn).ConnectionState().NegotiatedProtocol)
		roundTrip(t, c)
	}
	_, err := d.Dial("tcp", "other.test:443")
	var certificate *tls.CertificateVerificationError
	require.ErrorAs(t, err, &certificate)
	assert.Equal(t, "other.test:443", failure(t, err).Address)
}

func TestOptionsAreThoseOfTheNetworkReallyDialled(t *testing.T) {
	path := unixPath(t)
	echo(t, listen(t, "unix", path))
	noDelay := sockopt.TCPNoDelay.Value(false)
	rule := dialer.Rewrite{"tcp", "service.test:80", "unix", path}
	c, err := newDialer(t, &dialer.Config{Options: sockopt.Options{sockopt.Prefer(noDelay)}, Rewrites: []dialer.Rewrite{rule}}).Dial("tcp", "service.test:80")
	require.NoError(t, err)
	defer c.Close()
	roundTrip(t, c)

	_, err = dialer.New(&dialer.Config{Options: sockopt.Options{noDelay}, Rewrites: []dialer.Rewrite{rule}})
	e := failure(t, err)
	assert.Equal(t, "Rewrites[0]", e.Field)
	assert.Equal(t, rule.String(), e.Value)
	var option *sockopt.Error
	require.ErrorAs(t, err, &option)
	assert.Equal(t, "TCP_NODELAY", option.Option)

	_, err = dialer.New(&dialer.Config{LocalAddr: "127.0.0.1:0", Rewrites: []dialer.Rewrite{rule}})
	assert.ErrorContains(t, err, "LocalAddr=127.0.0.1:0: not an address of network unix")
}

func TestRewriteToAnotherFamilyTakesItsLocalAddress(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	config := &dialer.Config{LocalAddr: "127.0.0.2", Rewrites: []dialer.Rewrite{{"tcp6", "service.test:80", "tcp4", l.Addr().String()}}}
	if probe, err := net.Listen("tcp", "127.0.0.2:0"); err != nil {
		t.Skipf("127.0.0.2 is no address here: %v", err)
	} else {
		probe.Close()
	}
	c, err := newDialer(t, config).Dial("tcp6", "service.test:80")
	require.NoError(t, err)
	defer c.Close()
	assert.Equal(t, "127.0.0.2", c.LocalAddr().(*net.TCPAddr).IP.String())
}

func TestErrorOfARewrittenDial(t *testing.T) {
	noLeak(t)
	to := refusing(t)
	d := newDialer(t, &dialer.Config{Rewrites: []dialer.Rewrite{{"tcp", "service.test:80", "tcp", to}}})
	_, err := d.Dial("tcp4", "service.test:80")
	e := failure(t, err)
	assert.Equal(t, dialer.Error{Op: "dial", Field: "Rewrites", Value: "tcp4|" + to, Network: "tcp4", Address: "service.test:80", Err: e.Err}, *e)
	var errno syscall.Errno
	assert.ErrorAs(t, err, &errno)
	assert.Contains(t, err.Error(), "dialer: dial tcp4 service.test:80: Rewrites=tcp4|"+to+": ")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = d.DialContext(ctx, "tcp", "service.test:80")
	assert.ErrorIs(t, err, context.Canceled)
	var none context.Context
	_, err = d.DialContext(none, "tcp", "service.test:80")
	assert.ErrorContains(t, err, "the context is nil")
}

func TestEveryBadRewriteIsReported(t *testing.T) {
	_, err := dialer.New(&dialer.Config{Timeout: -1, Rewrites: []dialer.Rewrite{
		{"tcp", "a:1", "udp", "a:1"}, {"tcp", "a:1", "tcp", "b:1"}, {}, {"tcp", "a:1", "tcp", "c:1"},
	}})
	require.Error(t, err)
	for _, field := range []string{"Timeout=-1ns", "Rewrites[0]=(tcp|a:1) (udp|a:1)", "Rewrites[2]=(|) (|)", "Rewrites[3]="} {
		assert.Contains(t, err.Error(), "dialer: config: "+field)
	}
	assert.NotContains(t, err.Error(), "Rewrites[1]")
}

func TestRewritesAreNotShared(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	rules := []dialer.Rewrite{{"tcp", "service.test:80", "tcp", l.Addr().String()}}
	d := newDialer(t, &dialer.Config{Rewrites: rules})
	rules[0] = dialer.Rewrite{}
	c, err := d.Dial("tcp", "service.test:80")
	require.NoError(t, err)
	defer c.Close()
	roundTrip(t, c)
}
