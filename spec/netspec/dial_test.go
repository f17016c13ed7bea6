package netspec_test

import (
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/internal/spectest"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// verify reads options back from the kernel.
func verify(t *testing.T, c any, want ...sockopt.Option) {
	t.Helper()
	conn, ok := c.(syscall.Conn)
	require.True(t, ok, "%T has no descriptor", c)
	require.NoError(t, sockopt.Options(want).Verify(conn))
}

// Nil and an empty message dial as Go does.
func TestDial_Default(t *testing.T) {
	spectest.NoLeak(t)
	for _, m := range []*specv1.DialConfig{nil, {}} {
		l := listen(t, &specv1.ListenConfig{Address: new("127.0.0.1:0")})
		d, err := netspec.NewDialerFromSpec(m)
		require.NoError(t, err)
		client, server := pair(t, d, l)
		roundTrip(t, client, server)
		require.NoError(t, client.Close())
		require.NoError(t, server.Close())
		require.NoError(t, l.Close())
	}
}

// What the messages say is what the kernel has, of both ends.
func TestSocketOptions(t *testing.T) {
	spectest.NoLeak(t)
	l := listen(t, &specv1.ListenConfig{
		Address: new("tcp4://127.0.0.1:0"), Multipath: specv1.Multipath_off.Enum(),
		Options:   values(t, map[string]any{"TCP_NODELAY": false}),
		Socket:    &specv1.SockOption{Ip: &specv1.SockIPOption{Ttl: new(int32(43))}},
		Prefer:    values(t, map[string]any{"UDP_SEGMENT": 1000}), // is left out
		KeepAlive: &specv1.KeepAliveConfig{Idle: seconds(41), Interval: seconds(42), Count: new(int32(5))},
	})
	d := newDialer(t, &specv1.DialConfig{
		LocalAddr: new("127.0.0.1:0"), Family: specv1.DialConfig_only_ipv4.Enum(),
		Options:   values(t, map[string]any{"TCP_NODELAY": false, "IP_TTL": 44}),
		KeepAlive: &specv1.KeepAliveConfig{Enable: new(false)},
		Timeout:   seconds(10),
	})
	client, server := pair(t, d, l)
	verify(t, server, sockopt.TCPNoDelay.Value(false), sockopt.IPTTL.Value(43), sockopt.KeepAlive.Value(true))
	verify(t, client, sockopt.TCPNoDelay.Value(false), sockopt.IPTTL.Value(44), sockopt.KeepAlive.Value(false))
	if runtime.GOOS == "linux" {
		verify(t, server, sockopt.TCPKeepIdle.Value(41*time.Second), sockopt.TCPKeepIntvl.Value(42*time.Second), sockopt.TCPKeepCnt.Value(5))
	}
	roundTrip(t, client, server)
	require.NoError(t, client.Close())
	require.NoError(t, server.Close())
	require.NoError(t, l.Close())
}

// Accepted conns can be without probes too, and times can be the system's.
func TestKeepAlive(t *testing.T) {
	l := listen(t, &specv1.ListenConfig{
		Address: new("127.0.0.1:0"), KeepAlive: &specv1.KeepAliveConfig{Enable: new(false)},
	})
	d := newDialer(t, &specv1.DialConfig{KeepAlive: &specv1.KeepAliveConfig{
		Enable: new(true), Idle: minus, Interval: minus, Count: new(int32(-1)),
	}})
	client, server := pair(t, d, l)
	verify(t, server, sockopt.KeepAlive.Value(false))
	verify(t, client, sockopt.KeepAlive.Value(true))
	if runtime.GOOS == "linux" { // net.ipv4.tcp_keepalive_time is not 15 s anywhere
		idle, err := sockopt.TCPKeepIdle.Get(client.(syscall.Conn))
		require.NoError(t, err)
		assert.Greater(t, idle, time.Minute)
	}
}

// Multipath TCP is what the messages say.
func TestMultipath(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	l := listen(t, &specv1.ListenConfig{Address: new("127.0.0.1:0"), Multipath: specv1.Multipath_require.Enum()})
	d := newDialer(t, &specv1.DialConfig{Multipath: specv1.Multipath_require.Enum()})
	on, reason := dialer.Multipath(d)
	require.True(t, on, "%v", reason)
	client, _ := pair(t, d, l)
	on, err := client.(*net.TCPConn).MultipathTCP()
	require.NoError(t, err)
	assert.True(t, on)
}

// A dial of one target goes to another, from the addresses of the pool in turn.
func TestRewriteAndPool(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs addresses of 127.0.0.0/8, which Linux has")
	}
	l := listen(t, &specv1.ListenConfig{Address: new("127.0.0.1:0")})
	d := newDialer(t, &specv1.DialConfig{
		Rewrites:   []string{"(tcp|web.test:80) (tcp|" + l.Addr().String() + ")"},
		LocalAddrs: []string{"127.0.0.2", "127.0.0.3"}, LocalPorts: new("40000-50000"), Interface: new("lo"),
	})
	for _, want := range []string{"127.0.0.2", "127.0.0.3"} {
		conn, err := d.DialContext(t.Context(), "tcp", "web.test:80")
		require.NoError(t, err)
		local := conn.LocalAddr().(*net.TCPAddr)
		assert.Equal(t, want, local.IP.String())
		assert.True(t, local.Port >= 40000 && local.Port <= 50000, "%d", local.Port)
		require.NoError(t, conn.Close())
	}
}

// A proxy is asked with the header fields and the password of the message.
func TestProxy(t *testing.T) {
	spectest.NoLeak(t)
	proxy := listen(t, &specv1.ListenConfig{Address: new("127.0.0.1:0")})
	request := make(chan string, 1)
	go func() {
		conn, err := proxy.Accept()
		if err != nil {
			close(request)
			return
		}
		defer conn.Close()
		buf := make([]byte, 4096)
		n, _ := conn.Read(buf)
		request <- string(buf[:n])
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	}()
	d := newDialer(t, &specv1.DialConfig{Proxies: []*specv1.DialConfig_Proxy{{
		Url: new("http://user:pass@" + proxy.Addr().String()), Header: map[string]string{"user-agent": "test"},
		Timeout: seconds(10), MaxHeaderBytes: new(int64(1000)),
	}}})
	conn, err := d.DialContext(t.Context(), "tcp", "web.test:443")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	got := <-request
	assert.Contains(t, got, "CONNECT web.test:443 HTTP/1.1\r\n")
	assert.Contains(t, got, "User-Agent: test\r\n")
	assert.Contains(t, got, "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n")
	require.NoError(t, proxy.Close())
}

// Nothing would end the following of files.
func TestDial_Reload(t *testing.T) {
	spectest.NoLeak(t)
	_, client := sides(t)
	client.Reload = &specv1.TLSConfig_Reload{}
	m := &specv1.DialConfig{Tls: client, Proxies: []*specv1.DialConfig_Proxy{{Url: new("https://proxy.test"), Tls: client}}}
	_, err := netspec.NewDialerFromSpec(m)
	require.EqualError(t, err, lines(
		`tls.reload: nothing would end it: use netspec.DialConfig, whose context does`,
		`proxies[0].tls.reload: nothing would end it: use netspec.DialConfig, whose context does`,
	))
	cfg, err := netspec.DialConfig(t.Context(), m)
	require.NoError(t, err)
	_, err = dialer.New(cfg)
	require.NoError(t, err)
}
