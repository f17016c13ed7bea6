package quicx_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/sockopt"
)

func TestNewListener_Errors(t *testing.T) {
	noLeak(t)
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer udp.Close()
	for name, test := range map[string]struct {
		change func(*quicx.ListenConfig)
		field  string
		text   string
	}{
		"no address":      {func(c *quicx.ListenConfig) { c.Address = "" }, "Address", "must be set"},
		"no port":         {func(c *quicx.ListenConfig) { c.Address = "127.0.0.1" }, "Address", "missing port"},
		"port name":       {func(c *quicx.ListenConfig) { c.Address = "127.0.0.1:https" }, "Address", "not a number"},
		"port":            {func(c *quicx.ListenConfig) { c.Address = "127.0.0.1:70000" }, "Address", "not a number"},
		"network":         {func(c *quicx.ListenConfig) { c.Address = "tcp://127.0.0.1:0" }, "Address", "unknown network tcp"},
		"version 6":       {func(c *quicx.ListenConfig) { c.Address = "udp6://127.0.0.1:0" }, "Address", "not an address of network udp6"},
		"version 4":       {func(c *quicx.ListenConfig) { c.Address = "udp4://[::1]:0" }, "Address", "not an address of network udp4"},
		"both":            {func(c *quicx.ListenConfig) { c.Conn = udp }, "Address", "not together with Conn"},
		"not open":        {func(c *quicx.ListenConfig) { c.Address, c.Conn = "", &net.UDPConn{} }, "Conn", "is not open"},
		"shards of conn":  {func(c *quicx.ListenConfig) { c.Address, c.Conn, c.Shards = "", udp, 2 }, "Shards", "one socket"},
		"shards":          {func(c *quicx.ListenConfig) { c.Shards = -1 }, "Shards", "negative"},
		"many shards":     {func(c *quicx.ListenConfig) { c.Shards = 65 }, "Shards", "more than 64"},
		"no TLS":          {func(c *quicx.ListenConfig) { c.TLS = nil }, "TLS", "needs TLS"},
		"no certificate":  {func(c *quicx.ListenConfig) { c.TLS.Certificates = nil }, "TLS.Certificates", "needs"},
		"no protocol":     {func(c *quicx.ListenConfig) { c.TLS.NextProtos = nil }, "TLS.NextProtos", "RFC 9001"},
		"old TLS":         {func(c *quicx.ListenConfig) { c.TLS.MaxVersion = tls.VersionTLS12 }, "TLS.MaxVersion", "TLS 1.3"},
		"token store":     {func(c *quicx.ListenConfig) { c.QUIC = &quic.Config{TokenStore: quic.NewLRUTokenStore(1, 1)} }, "QUIC.TokenStore", "dialers"},
		"idle":            {func(c *quicx.ListenConfig) { c.QUIC = &quic.Config{HandshakeIdleTimeout: 1} }, "QUIC.HandshakeIdleTimeout", "HandshakeTimeout"},
		"allow":           {func(c *quicx.ListenConfig) { c.Allow = make([]netip.Prefix, 1) }, "Allow[0]", "not a valid prefix"},
		"deny":            {func(c *quicx.ListenConfig) { c.Deny = []netip.Prefix{netip.MustParsePrefix("::ffff:0:0/90")} }, "Deny[0]", "IPv4-mapped"},
		"conns":           {func(c *quicx.ListenConfig) { c.MaxConns = -1 }, "MaxConns", "negative"},
		"source":          {func(c *quicx.ListenConfig) { c.MaxConnsPerSource = -1 }, "MaxConnsPerSource", "negative"},
		"bits 4":          {func(c *quicx.ListenConfig) { c.SourceBits4 = 33 }, "SourceBits4", "1 to 32"},
		"bits 6":          {func(c *quicx.ListenConfig) { c.SourceBits6 = -1 }, "SourceBits6", "1 to 128"},
		"handshakes":      {func(c *quicx.ListenConfig) { c.MaxHandshakes = -1 }, "MaxHandshakes", "negative"},
		"many handshakes": {func(c *quicx.ListenConfig) { c.MaxHandshakes = 1<<20 + 1 }, "MaxHandshakes", "more than 1048576"},
		"timeout":         {func(c *quicx.ListenConfig) { c.HandshakeTimeout = -1 }, "HandshakeTimeout", "negative"},
		"age":             {func(c *quicx.ListenConfig) { c.MaxTokenAge = -1 }, "MaxTokenAge", "negative"},
		"policy":          {func(c *quicx.ListenConfig) { c.Retry = 3 }, "Retry", "not a policy"},
		"above":           {func(c *quicx.ListenConfig) { c.RetryAbove = -1 }, "RetryAbove", "negative"},
		"above all":       {func(c *quicx.ListenConfig) { c.RetryAbove = 1025 }, "RetryAbove", "above MaxHandshakes, 1024"},
		"above never":     {func(c *quicx.ListenConfig) { c.RetryAbove, c.Retry = 1, quicx.RetryNever }, "RetryAbove", "another policy"},
		"reset key":       {func(c *quicx.ListenConfig) { c.StatelessResetKey = []byte("secret") }, "StatelessResetKey", "has 6 bytes, not 32"},
		"token key":       {func(c *quicx.ListenConfig) { c.TokenKey = []byte{} }, "TokenKey", "has 0 bytes, not 32"},
		"code":            {func(c *quicx.ListenConfig) { c.CloseCode = 1 << 62 }, "CloseCode", "2^62-1"},
		"buffer":          {func(c *quicx.ListenConfig) { c.ReceiveBuffer = -1 }, "ReceiveBuffer", "negative"},
		"option":          {func(c *quicx.ListenConfig) { c.Options = sockopt.Options{sockopt.TCPNoDelay.Value(true)} }, "Options", "TCP_NODELAY"},
		"qlog":            {func(c *quicx.ListenConfig) { c.QLog.MaxBytes = -1 }, "QLog.MaxBytes", "negative"},
	} {
		t.Run(name, func(t *testing.T) {
			c := &quicx.ListenConfig{Address: "127.0.0.1:0", TLS: serverTLS(t)}
			test.change(c)
			_, err := quicx.NewListener(t.Context(), c)
			require.Error(t, err)
			var e *quicx.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, test.field, e.Field, "%v", err)
			require.ErrorContains(t, err, test.text)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

// All that is wrong is told at once, and the config stays as it is.
func TestNewListener_AllErrors(t *testing.T) {
	c := &quicx.ListenConfig{MaxConns: -1, MaxHandshakes: -2, Shards: -3}
	before := fmt.Sprintf("%+v", *c)
	_, err := quicx.NewListener(t.Context(), c)
	for _, field := range []string{"Address", "MaxConns=-1", "MaxHandshakes=-2", "Shards=-3", "TLS"} {
		require.ErrorContains(t, err, field)
	}
	assert.Equal(t, before, fmt.Sprintf("%+v", *c))
	_, err = quicx.NewListener(t.Context(), nil)
	require.ErrorContains(t, err, "TLS")
}

func TestNewListener_InUse(t *testing.T) {
	noLeak(t)
	l := listen(t, nil)
	_, err := quicx.NewListener(t.Context(), &quicx.ListenConfig{Address: l.Addr().String(), TLS: serverTLS(t)})
	var e *quicx.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "listen", e.Op)
	assert.Equal(t, l.Addr().String(), e.Address)
	if runtime.GOOS != "windows" && runtime.GOOS != "js" {
		require.ErrorIs(t, err, syscall.EADDRINUSE)
	}
}

func TestNewListener_Options(t *testing.T) {
	noLeak(t)
	l := listen(t, &quicx.ListenConfig{Options: sockopt.Options{sockopt.IPTTL.Value(7)}, ReceiveBuffer: 100_000})
	ttl, err := sockopt.IPTTL.Get(l)
	require.NoError(t, err)
	assert.Equal(t, 7, ttl)
	assert.GreaterOrEqual(t, l.Sockets()[0].ReceiveBuffer, 100_000)
	assert.Less(t, l.Sockets()[0].ReceiveBuffer, 1<<20, "quic-go does not enlarge it")
	require.NoError(t, l.Close())
	_, err = sockopt.IPTTL.Get(l)
	require.Error(t, err)
}

// An option that fails, of a borrowed socket too.
func TestNewListener_OptionFails(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("devices are those of Linux")
	}
	noLeak(t)
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer udp.Close()
	for _, c := range []*quicx.ListenConfig{{Address: "127.0.0.1:0"}, {Conn: udp}} {
		c.TLS, c.Options = serverTLS(t), sockopt.Options{sockopt.BindToDevice.Value("nowhere0")}
		_, err := quicx.NewListener(t.Context(), c)
		var e *quicx.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "set option", e.Op)
		assert.Equal(t, "SO_BINDTODEVICE=nowhere0", e.Value)
		require.ErrorIs(t, err, syscall.ENODEV)
	}
}

func TestListener_QLog(t *testing.T) {
	noLeak(t)
	folder := t.TempDir()
	l := listen(t, &quicx.ListenConfig{QLog: quicx.QLog{Folder: folder}})
	_, conn := pair(t, l, newClient(t, "127.0.0.1:0"))
	conn.CloseWithError(0, "")
	require.NoError(t, l.Shutdown(t.Context()))
	files, err := filepath.Glob(filepath.Join(folder, "*_server.sqlog"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	content, err := os.ReadFile(files[0])
	require.NoError(t, err)
	assert.Contains(t, string(content), "packet_received")
}

// A config for each client, checked as that of the listener is.
func TestListener_ConfigForClient(t *testing.T) {
	noLeak(t)
	var happened events
	type answer struct {
		config *quic.Config
		err    error
	}
	var asked atomic.Bool // for a client that Deny refuses
	var next atomic.Pointer[answer]
	next.Store(&answer{})
	l := listen(t, &quicx.ListenConfig{
		Deny:    []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")},
		OnEvent: happened.add,
		QUIC: &quic.Config{EnableDatagrams: true, GetConfigForClient: func(info *quic.ClientInfo) (*quic.Config, error) {
			if info.RemoteAddr.(*net.UDPAddr).IP.Equal(net.IPv4(127, 0, 0, 9)) {
				asked.Store(true)
			}
			a := next.Load()
			return a.config, a.err
		}},
	})
	c := newClient(t, "127.0.0.1:0")
	c.quic.EnableDatagrams = true
	server, _ := pair(t, l, c)
	assert.True(t, server.ConnectionState().SupportsDatagrams.Local, "that of the listener")
	give := &quic.Config{MaxIdleTimeout: time.Hour}
	next.Store(&answer{config: give})
	server, _ = pair(t, l, c)
	assert.False(t, server.ConnectionState().SupportsDatagrams.Local)
	assert.Equal(t, quic.Config{MaxIdleTimeout: time.Hour}, *give, "not changed")

	for _, bad := range []*quic.Config{{MaxIncomingStreams: -2}, {HandshakeIdleTimeout: 1}} {
		next.Store(&answer{config: bad})
		_, err := c.dial(t, l.Addr())
		refused(t, err)
	}
	next.Store(&answer{err: errors.New("no such client")})
	_, err := c.dial(t, l.Addr())
	refused(t, err)
	assert.GreaterOrEqual(t, l.Stats().RefusedByConfig, int64(3))
	event := happened.first(t)
	assert.Equal(t, quicx.RefusedByConfig, event.Kind)
	require.ErrorContains(t, event.Err, "QUIC.MaxIncomingStreams=-2")

	sources(t)
	_, err = newClient(t, "127.0.0.9:0").dial(t, l.Addr())
	refused(t, err)
	assert.False(t, asked.Load(), "rules come first")
}
