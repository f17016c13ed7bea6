package xquic_test

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/quic"

	"github.com/strata-net/strata/quicx/xquic"
	"github.com/strata-net/strata/sockopt"
)

func TestDialConfigErrors(t *testing.T) {
	_, err := xquic.NewDialer(&xquic.DialConfig{
		LocalAddr: "example.com:1", ReceiveBuffer: -1, SendBuffer: 1 << 40, Timeout: -1,
		Options: sockopt.Options{sockopt.IPTOS.Value(4), sockopt.TCPNoDelay.Value(true)},
		TLS:     &tls.Config{MinVersion: tls.VersionTLS13 + 1, MaxVersion: tls.VersionTLS12},
		QUIC: &quic.Config{
			TLSConfig:            &tls.Config{},
			MaxBidiRemoteStreams: 1<<60 + 1, MaxUniRemoteStreams: 1<<60 + 1,
			MaxStreamReadBufferSize: -1, MaxStreamWriteBufferSize: -1, MaxConnReadBufferSize: 1 << 62,
			RequireAddressValidation: true, StatelessResetKey: [32]byte{1},
			HandshakeTimeout: -1, MaxIdleTimeout: -2, KeepAlivePeriod: -3,
		},
	})
	for _, field := range []string{
		"LocalAddr=example.com:1", "ReceiveBuffer=-1", "SendBuffer=1099511627776", "Timeout=-1ns",
		"IP_TOS=4", "TCP_NODELAY", "TLS.MinVersion", "TLS.MaxVersion", "TLS.NextProtos", "QUIC.TLSConfig",
		"QUIC.MaxBidiRemoteStreams=", "QUIC.MaxUniRemoteStreams=", "QUIC.MaxStreamReadBufferSize=-1",
		"QUIC.MaxStreamWriteBufferSize=-1", "QUIC.MaxConnReadBufferSize=", "QUIC.RequireAddressValidation=true",
		"QUIC.StatelessResetKey", "QUIC.HandshakeTimeout=-1ns", "QUIC.MaxIdleTimeout=-2ns", "QUIC.KeepAlivePeriod=-3ns",
	} {
		assert.ErrorContains(t, err, field)
	}
	require.ErrorIs(t, err, errors.ErrUnsupported)
	var none *xquic.DialConfig
	require.ErrorContains(t, none.Check(), "TLS=nil")
	require.NoError(t, (&xquic.DialConfig{TLS: clientTLS("echo")}).Check())
	for _, local := range []string{"127.0.0.1", "127.0.0.1:70000"} {
		_, err := xquic.NewDialer(&xquic.DialConfig{LocalAddr: local, TLS: clientTLS("echo")})
		assert.ErrorContains(t, err, "LocalAddr="+local)
	}
	_, err = xquic.NewDialer(nil)
	require.ErrorContains(t, err, "TLS=nil")
}

func TestListenConfigErrors(t *testing.T) {
	_, err := xquic.NewListener(t.Context(), &xquic.ListenConfig{
		Address: "tcp://:1", TLS: clientTLS("echo"), Allow: []netip.Prefix{{}}, Deny: []netip.Prefix{{}},
		MaxConns: -1, MaxConnsPerSource: -2, SourceBits4: 33, SourceBits6: 129, Backlog: 1 << 21,
	})
	for _, field := range []string{
		"Address=tcp://:1", "TLS.Certificates", "Allow[0]", "Deny[0]", "MaxConns=-1", "MaxConnsPerSource=-2",
		"SourceBits4=33", "SourceBits6=129", "Backlog=2097152",
	} {
		assert.ErrorContains(t, err, field)
	}
	for _, address := range []string{"", "127.0.0.1", "127.0.0.1:http", "udp://127.0.0.1:70000"} {
		cfg := &xquic.ListenConfig{Address: address, TLS: serverTLS(t)}
		_, err := xquic.NewListener(t.Context(), cfg)
		assert.ErrorContains(t, err, "Address")
		assert.EqualError(t, cfg.Check(), err.Error())
	}
	_, err = xquic.NewListener(t.Context(), nil)
	require.ErrorContains(t, err, "TLS=nil")
}

func TestSocketOptions(t *testing.T) {
	noLeak(t)
	l := listen(t, &xquic.ListenConfig{
		Options: sockopt.Options{sockopt.IPTTL.Value(9)}, ReceiveBuffer: 50_000, SendBuffer: 60_000,
	})
	d := dialer(t, &xquic.DialConfig{Options: sockopt.Options{sockopt.ReuseAddr.Value(true)}, ReceiveBuffer: 50_000})
	c, err := d.Dial("udp4", l.LocalAddr().String())
	require.NoError(t, err)
	assert.True(t, c.LocalAddr().IsValid())

	_, err = xquic.NewListener(t.Context(), &xquic.ListenConfig{Address: l.LocalAddr().String(), TLS: serverTLS(t)})
	if runtime.GOOS != "windows" { // which says WSAEADDRINUSE
		require.ErrorIs(t, err, syscall.EADDRINUSE)
	}
	var e *xquic.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "listen", e.Op)
}

func TestDialErrors(t *testing.T) {
	noLeak(t)
	d := dialer(t, &xquic.DialConfig{LocalAddr: "127.0.0.1:0", Timeout: 300 * time.Millisecond})
	for _, test := range []struct{ network, address, want string }{
		{"tcp", "127.0.0.1:1", "unknown network"},
		{"udp7", "127.0.0.1:1", "unknown network"},
		{"udp", "127.0.0.1", "missing port"},
		{"udp", "127.0.0.1:0", "port 0"},
		{"udp", "127.0.0.1:nosuchservice", "nosuchservice"},
		{"udp", ":1", "no host"},
		{"udp", "[::1]:1", "no suitable address"},
		{"udp6", "127.0.0.1:1", "no suitable address"},
		{"udp", "name.invalid:1", "name.invalid"},
	} {
		_, err := d.DialContext(t.Context(), test.network, test.address)
		require.ErrorContains(t, err, test.want)
		var e *xquic.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, test.address, e.Address)
	}
	// Nobody answers.
	silent := bareSocket(t)
	_, err := d.Dial("udp", silent.LocalAddr().String())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	var e *xquic.Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.Timeout())

	require.NoError(t, d.Close(t.Context()))
	require.NoError(t, d.Close(t.Context()))
	_, err = d.Dial("udp", silent.LocalAddr().String())
	require.ErrorIs(t, err, net.ErrClosed)
}

// All addresses of a name are tried: of localhost one has no listener.
func TestDialName(t *testing.T) {
	noLeak(t)
	ips, err := net.DefaultResolver.LookupNetIP(t.Context(), "ip", "localhost")
	require.NoError(t, err)
	l := listen(t, &xquic.ListenConfig{})
	_, port, err := net.SplitHostPort(l.LocalAddr().String())
	require.NoError(t, err)
	d := dialer(t, &xquic.DialConfig{QUIC: &quic.Config{HandshakeTimeout: 3 * time.Second}})
	_, err = d.DialContext(t.Context(), "udp", "localhost:"+port)
	require.NoError(t, err, "%v", ips)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err = d.DialContext(ctx, "udp", "localhost:"+port)
	require.NoError(t, err, "%v", ips)
}

func TestListenerLimits(t *testing.T) {
	noLeak(t)
	for _, test := range []struct {
		name string
		cfg  xquic.ListenConfig
		want xquic.Stats // of two conns
	}{
		{"deny", xquic.ListenConfig{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, xquic.Stats{Refused: 2}},
		{"allow", xquic.ListenConfig{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, xquic.Stats{Refused: 2}},
		{"MaxConns", xquic.ListenConfig{MaxConns: 1}, xquic.Stats{Open: 1, Limited: 1}},
		{"MaxConnsPerSource", xquic.ListenConfig{MaxConnsPerSource: 1}, xquic.Stats{Open: 1, Limited: 1}},
		{"Backlog", xquic.ListenConfig{Backlog: 1}, xquic.Stats{Open: 1, Overflowed: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := listen(t, &test.cfg)
			d := dialer(t, &xquic.DialConfig{})
			for range 2 {
				_, err := d.DialContext(t.Context(), "udp", l.LocalAddr().String())
				require.NoError(t, err, "the handshake is complete before the rules are asked")
			}
			eventually(t, test.name, func() bool { return l.Stats() == test.want })
		})
	}
}

// A conn that has ended makes room.
func TestListenerRoom(t *testing.T) {
	noLeak(t)
	l := listen(t, &xquic.ListenConfig{MaxConns: 1, MaxConnsPerSource: 1})
	d := dialer(t, &xquic.DialConfig{})
	for i := range 3 {
		c, err := d.DialContext(t.Context(), "udp", l.LocalAddr().String())
		require.NoError(t, err)
		_, err = l.Accept(t.Context())
		require.NoError(t, err)
		_ = c.Close()
		eventually(t, "the conn ends", func() bool { return l.Stats().Open == 0 })
		assert.EqualValues(t, i+1, l.Stats().Accepted)
	}
}

func TestListenerClose(t *testing.T) {
	noLeak(t)
	l := listen(t, &xquic.ListenConfig{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := l.Accept(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	d := dialer(t, &xquic.DialConfig{})
	c, err := d.DialContext(t.Context(), "udp", l.LocalAddr().String())
	require.NoError(t, err)
	_, err = l.Accept(t.Context())
	require.NoError(t, err)
	fails := make(chan error, 1)
	go func() {
		_, err := l.Accept(context.Background())
		fails <- err
	}()
	require.NoError(t, l.Close(t.Context()))
	require.ErrorIs(t, <-fails, net.ErrClosed)
	require.ErrorContains(t, c.Wait(t.Context()), "NO_ERROR")
	require.NoError(t, l.Close(t.Context()))
	_, err = l.Accept(t.Context())
	require.ErrorIs(t, err, net.ErrClosed)
}

// Accept tells when the socket fails.
func TestListenerBreaks(t *testing.T) {
	noLeak(t)
	l := listen(t, &xquic.ListenConfig{})
	xquic.Break(t.Context(), l)
	for range 2 {
		_, err := l.Accept(t.Context())
		require.ErrorContains(t, err, "endpoint closed")
		require.NotErrorIs(t, err, net.ErrClosed)
	}
}

// A size that the kernel cannot give is an error, and leaves no socket.
func TestSocketErrors(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows gives any size, has no SO_BINDTODEVICE, and wine binds to addresses that nobody has")
	}
	noLeak(t)
	_, err := xquic.NewListener(t.Context(), &xquic.ListenConfig{
		Address: "127.0.0.1:0", TLS: serverTLS(t), ReceiveBuffer: 1<<31 - 1,
	})
	var e *xquic.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "ReceiveBuffer", e.Field)
	_, err = xquic.NewListener(t.Context(), &xquic.ListenConfig{
		Address: "127.0.0.1:0", TLS: serverTLS(t), Options: sockopt.Options{sockopt.BindToDevice.Value("nosuchdevice")},
	})
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "Options", e.Field)
	d := dialer(t, &xquic.DialConfig{LocalAddr: "192.0.2.1:0"})
	_, err = d.DialContext(t.Context(), "udp", "127.0.0.1:9")
	require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
}

func TestQLog(t *testing.T) {
	noLeak(t)
	var text strings.Builder
	logger := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.Level(-100)}))
	l := listen(t, &xquic.ListenConfig{})
	d, err := xquic.NewDialer(&xquic.DialConfig{TLS: clientTLS("echo"), QUIC: &quic.Config{QLogLogger: logger}})
	require.NoError(t, err)
	_, err = d.DialContext(t.Context(), "udp", l.LocalAddr().String())
	require.NoError(t, err)
	require.NoError(t, d.Close(t.Context())) // waits for everything that logs
	assert.Contains(t, text.String(), "connectivity:connection_started")
}

// A context that is nil is an error, and ends nothing.
func TestNilContexts(t *testing.T) {
	noLeak(t)
	l := listen(t, &xquic.ListenConfig{})
	d := dialer(t, &xquic.DialConfig{})
	var none context.Context
	_, err := d.DialContext(none, "udp", l.LocalAddr().String())
	require.ErrorContains(t, err, "xquic: dial udp "+l.LocalAddr().String()+": the context is nil")
	_, err = l.Accept(none)
	require.ErrorContains(t, err, "the context is nil")
	require.ErrorContains(t, l.Close(none), "the context is nil")
	require.ErrorContains(t, d.Close(none), "the context is nil")
	_, err = d.Dial("udp", l.LocalAddr().String())
	require.NoError(t, err)
}
