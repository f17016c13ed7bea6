package quicspec_test

import (
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/spectest"
	"github.com/strata-net/strata/spec/quicspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

func TestStreamsAndDatagrams(t *testing.T) {
	spectest.NoLeak(t)
	datagrams := &specv1.QuicConfig{EnableDatagrams: new(true), Versions: []string{"v2"}}
	l := listen(t, &specv1.QUICListenConfig{Quic: datagrams})
	server, client := pair(t, l, dialer(t, &specv1.QUICDialConfig{
		Quic: &specv1.QuicConfig{EnableDatagrams: new(true), Versions: []string{"v2"}}, Timeout: seconds(30),
	}))
	echo(t, client, server, "from the client")
	echo(t, server, client, "from the server")
	assert.Equal(t, quic.Version2, client.ConnectionState().Version)

	// A datagram may be lost, also on loopback under load.
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			_ = client.SendDatagram([]byte("datagram"))
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	got, err := server.ReceiveDatagram(ctx)
	require.NoError(t, err)
	assert.Equal(t, "datagram", string(got))
}

func TestRetryAlways(t *testing.T) {
	spectest.NoLeak(t)
	l := listen(t, &specv1.QUICListenConfig{Retry: specv1.QUICListenConfig_always.Enum()})
	server, client := pair(t, l, dialer(t, &specv1.QUICDialConfig{}))
	echo(t, client, server, "after a round trip more")
	assert.Positive(t, l.Stats().Retries)
}

func TestRetryNever(t *testing.T) {
	spectest.NoLeak(t)
	l := listen(t, &specv1.QUICListenConfig{Retry: specv1.QUICListenConfig_never.Enum()})
	pair(t, l, dialer(t, &specv1.QUICDialConfig{}))
	assert.Zero(t, l.Stats().Retries)
}

// Whom deny names is refused and never accepted.
func TestDenied(t *testing.T) {
	spectest.NoLeak(t)
	l := listen(t, &specv1.QUICListenConfig{Allow: []string{"0.0.0.0/0"}, Deny: []string{"127.0.0.1"}})
	_, err := dialer(t, &specv1.QUICDialConfig{Timeout: seconds(30)}).DialContext(t.Context(), "udp", l.Addr().String())
	var refused *quic.TransportError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, quic.ConnectionRefused, refused.ErrorCode)
	assert.Positive(t, l.Stats().RefusedByRule)
	assert.Zero(t, l.Stats().Accepted+l.Stats().Pending)
}

// Options and buffers are what the kernel says of both sockets.
func TestSockets(t *testing.T) {
	linuxOnly(t)
	spectest.NoLeak(t)
	const size = 100_000
	l := listen(t, &specv1.QUICListenConfig{
		Options: values(t, map[string]any{"IP_TTL": 33}), Prefer: values(t, map[string]any{"IP_TOS": 4, "SO_PRIORITY": 3}),
		ReceiveBufferBytes: new(int64(size)), SendBufferBytes: new(int64(size)), Shards: new(int32(2)),
	})
	for _, s := range l.Sockets() {
		assert.Equal(t, 2*size, s.ReceiveBuffer)
		assert.Equal(t, 2*size, s.SendBuffer)
	}
	assert.Len(t, l.Sockets(), 2)
	require.NoError(t, sockopt.Options{sockopt.IPTTL.Value(33), sockopt.Priority.Value(3), sockopt.ReusePort.Value(true)}.Verify(l))

	c := dialer(t, &specv1.QUICDialConfig{
		LocalAddr: new("127.0.0.1:0"), ReceiveBufferBytes: new(int64(size)), SendBufferBytes: new(int64(size)),
		Socket: &specv1.SockOption{Ip: &specv1.SockIPOption{Ttl: new(int32(34))}},
	})
	pair(t, l, c)
	require.Len(t, c.Sockets(), 1)
	s := c.Sockets()[0]
	assert.Equal(t, "127.0.0.1", s.Addr.Addr().String())
	assert.Equal(t, [2]int{2 * size, 2 * size}, [2]int{s.ReceiveBuffer, s.SendBuffer})
}

// Early hands out the conn of a client that resumes before its handshake is done.
func TestEarly(t *testing.T) {
	spectest.NoLeak(t)
	l := listen(t, &specv1.QUICListenConfig{Early: new(true)})
	c := dialer(t, &specv1.QUICDialConfig{})
	early := func() (server, client *quic.Conn) {
		client, err := c.DialEarly(t.Context(), "udp", l.Addr().String())
		require.NoError(t, err)
		server, err = l.Accept(t.Context())
		require.NoError(t, err)
		// Streams are opened later: in quic-go that races with the end of the handshake.
		<-client.HandshakeComplete()
		<-server.HandshakeComplete()
		echo(t, client, server, "early")
		return server, client
	}
	// The ticket comes after the handshake.
	eventually(t, "early data", func() bool {
		server, client := early()
		defer server.CloseWithError(0, "")
		return client.ConnectionState().Used0RTT && server.ConnectionState().Used0RTT
	})
}

// A token from one listener spares the Retry of another one with the same key.
func TestTokenKey(t *testing.T) {
	spectest.NoLeak(t)
	path := filepath.Join(t.TempDir(), "key")
	raw, err := hex.DecodeString(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	always := specv1.QUICListenConfig_always.Enum()
	c := dialer(t, &specv1.QUICDialConfig{TokenOrigins: new(int32(1)), TokensPerOrigin: new(int32(1))})
	first := listen(t, &specv1.QUICListenConfig{Retry: always, TokenKey: text(key + "\n")})
	server, client := pair(t, first, c)
	echo(t, client, server, "the token comes meanwhile")
	client.CloseWithError(0, "")
	same := listen(t, &specv1.QUICListenConfig{Retry: always, TokenKey: file(path)})
	eventually(t, "a dial without Retry", func() bool {
		before := same.Stats().Retries
		server, client := pair(t, same, c)
		echo(t, client, server, "again")
		client.CloseWithError(0, "")
		return same.Stats().Retries == before
	})
	other := listen(t, &specv1.QUICListenConfig{Retry: always})
	pair(t, other, c)
	assert.Positive(t, other.Stats().Retries)
}

func TestQLogFolder(t *testing.T) {
	spectest.NoLeak(t)
	folder := filepath.Join(t.TempDir(), "new", "qlog")
	l := listen(t, &specv1.QUICListenConfig{Qlog: &specv1.QLogConfig{Folder: &folder}})
	_, err := quicspec.DialConfig(t.Context(), &specv1.QUICDialConfig{
		Tls: clientTLS("echo"), Qlog: &specv1.QLogConfig{Folder: new(filepath.Join(folder, "other"))},
	})
	require.NoError(t, err)
	assert.NoDirExists(t, filepath.Join(folder, "other"), "a mapper makes nothing")
	_, client := pair(t, l, dialer(t, &specv1.QUICDialConfig{Qlog: &specv1.QLogConfig{Folder: &folder}}))
	client.CloseWithError(0, "")
	eventually(t, "two records", func() bool {
		all, err := filepath.Glob(filepath.Join(folder, "*.sqlog"))
		return err == nil && len(all) == 2
	})
}

// Streams of QUIC as net.Conn, of three messages.
func TestStreamConns(t *testing.T) {
	spectest.NoLeak(t)
	cfg, err := quicspec.StreamConfig(t.Context(), &specv1.QUICStreamConfig{Announce: new(true), Linger: seconds(1)})
	require.NoError(t, err)
	l, err := quicx.NewStreamListener(listen(t, &specv1.QUICListenConfig{}), cfg)
	require.NoError(t, err)
	d, err := quicx.NewStreamDialer(dialer(t, &specv1.QUICDialConfig{}), cfg)
	require.NoError(t, err)
	client, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	server, err := l.Accept()
	require.NoError(t, err)
	_, err = server.Write([]byte("hello"))
	require.NoError(t, err)
	b := make([]byte, 5)
	_, err = client.Read(b)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(b))
	require.NoError(t, client.Close())
	require.NoError(t, server.Close())
	require.NoError(t, d.Close())
	require.NoError(t, l.Close())
}

// Builders have nothing that could end what follows files.
func TestReload(t *testing.T) {
	spectest.NoLeak(t)
	follow := func(m *specv1.TLSConfig) *specv1.TLSConfig {
		m.Reload = &specv1.TLSConfig_Reload{Interval: seconds(3600)}
		return m
	}
	_, err := quicspec.NewDialerFromSpec(&specv1.QUICDialConfig{Tls: follow(clientTLS("echo"))})
	require.EqualError(t, err, "tls.reload: nothing would end it: use quicspec.DialConfig, whose context does")
	_, err = quicspec.NewListenerFromSpec(&specv1.QUICListenConfig{Address: new("127.0.0.1:0"), Tls: follow(serverTLS(t, "echo"))})
	require.EqualError(t, err, "tls.reload: nothing would end it: use quicspec.ListenConfig, whose context does")
	_, err = quicspec.HTTP3Transport(&specv1.HTTP3TransportConfig{Dial: &specv1.QUICDialConfig{Tls: follow(clientTLS())}})
	require.EqualError(t, err, "dial.tls.reload: nothing would end it: use quicspec.HTTP3Config, whose context does")
	_, err = quicspec.NewHTTP3ServerFromSpec(&specv1.HTTP3ServerConfig{Listen: &specv1.QUICListenConfig{Tls: follow(serverTLS(t))}}, nil)
	require.EqualError(t, err, "listen.tls.reload: nothing would end it: use quicspec.HTTP3ServerConfig, whose context does")
	assert.Equal(t, "listen.tls.reload", spec.Errors(err)[0].Path)

	// A mapper follows them until its context ends, and not when it fails.
	cfg, err := quicspec.ListenConfig(t.Context(), &specv1.QUICListenConfig{Address: new("127.0.0.1:0"), Tls: follow(serverTLS(t, "echo"))})
	require.NoError(t, err)
	l, err := quicx.NewListener(t.Context(), cfg)
	require.NoError(t, err)
	pair(t, l, dialer(t, &specv1.QUICDialConfig{}))
	require.NoError(t, l.Close())
	for range 10 {
		_, err = quicspec.ListenConfig(context.Background(), &specv1.QUICListenConfig{Tls: follow(serverTLS(t, "echo")), MaxConns: new(int32(-1))})
		require.Error(t, err)
		_, err = quicspec.DialConfig(context.Background(), &specv1.QUICDialConfig{Tls: follow(clientTLS("echo")), Timeout: seconds(-1)})
		require.Error(t, err)
	}
}

// What the constructor and the kernel refuse closes what was opened.
func TestOpenErrors(t *testing.T) {
	spectest.NoLeak(t)
	l := listen(t, &specv1.QUICListenConfig{})
	_, err := quicspec.NewListenerFromSpec(&specv1.QUICListenConfig{Address: new(l.Addr().String()), Tls: serverTLS(t, "echo")})
	var e *quicx.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "listen", e.Op)
	_, err = quicspec.NewDialerFromSpec(nil)
	require.EqualError(t, err, "tls: QUIC needs TLS")
	_, err = quicspec.NewListenerFromSpec(nil)
	require.EqualError(t, err, "a listener needs a message with address and tls, not nil")
	_, err = quicspec.NewHTTP3ServerFromSpec(nil, nil)
	require.EqualError(t, err, "a server needs a message with listen.tls, not nil")
	q, err := quicspec.QUICConfig(nil)
	require.NoError(t, err)
	assert.Equal(t, &quic.Config{}, q)
	s, err := quicspec.StreamConfig(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, &quicx.StreamConfig{}, s)
}
