package xquicspec_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	xnet "golang.org/x/net/quic"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/quicx/xquic"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/internal/spectest"
	"github.com/strata-net/strata/spec/quicspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/xquicspec"
	"github.com/strata-net/strata/tlsx/pki"
)

// authority signs the certificates of the tests.
var authority = sync.OnceValue(func() *pki.CA {
	ca, err := pki.New(nil)
	if err != nil {
		panic(err)
	}
	return ca
})

func text[T ~string | ~[]byte](s T) *specv1.DataSource {
	return &specv1.DataSource{Source: &specv1.DataSource_Text{Text: string(s)}}
}

func serverTLS(t *testing.T) *specv1.TLSConfig {
	t.Helper()
	c, err := authority().Issue(&pki.Leaf{Names: []string{"127.0.0.1"}})
	require.NoError(t, err)
	return &specv1.TLSConfig{
		Certificates: []*specv1.CertKeyPair{{Chain: text(c.ChainPEM()), Key: text(c.KeyPEM())}},
		Alpn:         []string{"echo"},
	}
}

func clientTLS() *specv1.TLSConfig {
	return &specv1.TLSConfig{
		Roots: &specv1.TLSConfig_CAs{From: []*specv1.DataSource{text(authority().PEM())}},
		Alpn:  []string{"echo"},
	}
}

func values(t *testing.T, m map[string]any) map[string]*structpb.Value {
	t.Helper()
	s, err := structpb.NewStruct(m)
	require.NoError(t, err)
	return s.GetFields()
}

// limited returns a context for what has to be fast.
func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// listen opens the listener of a message, which it must neither change nor keep.
func listen(t *testing.T, m *specv1.XQUICListenConfig) *xquic.Listener {
	t.Helper()
	m.Address, m.Tls = new("127.0.0.1:0"), serverTLS(t)
	before := proto.CloneOf(m)
	l, err := xquicspec.NewListenerFromSpec(m)
	require.NoError(t, err)
	require.True(t, proto.Equal(before, m), "the message was changed")
	proto.Reset(m)
	t.Cleanup(func() { assert.NoError(t, l.Close(limited(t))) })
	return l
}

func dialer(t *testing.T, m *specv1.XQUICDialConfig) *xquic.Client {
	t.Helper()
	m.Tls = clientTLS()
	before := proto.CloneOf(m)
	c, err := xquicspec.NewDialerFromSpec(m)
	require.NoError(t, err)
	require.True(t, proto.Equal(before, m), "the message was changed")
	proto.Reset(m)
	t.Cleanup(func() { assert.NoError(t, c.Close(limited(t))) })
	return c
}

// answer sends back what comes on one stream of the next conn.
func answer(t *testing.T, l *xquic.Listener) (done chan error) {
	t.Helper()
	ctx := limited(t)
	done = make(chan error, 1)
	go func() {
		done <- func() error {
			c, err := l.Accept(ctx)
			if err != nil {
				return err
			}
			s, err := c.AcceptStream(ctx)
			if err != nil {
				return err
			}
			s.SetReadContext(ctx)
			s.SetWriteContext(ctx)
			if _, err = io.Copy(s, s); err != nil {
				return err
			}
			return s.Close()
		}()
	}()
	return done
}

// ask sends a text on a stream and wants it back.
func ask(t *testing.T, c *xnet.Conn) {
	t.Helper()
	ctx := limited(t)
	s, err := c.NewStream(ctx)
	require.NoError(t, err)
	s.SetReadContext(ctx)
	_, err = s.Write([]byte("echo"))
	require.NoError(t, err)
	s.CloseWrite()
	got, err := io.ReadAll(s)
	require.NoError(t, err)
	assert.Equal(t, "echo", string(got))
}

func TestConns(t *testing.T) {
	spectest.NoLeak(t)
	l := listen(t, &specv1.XQUICListenConfig{
		Quic: &specv1.XQuicConfig{RequireAddressValidation: new(true), StatelessResetKey: text(strings.Repeat("5a", 32))},
	})
	done := answer(t, l)
	c, err := dialer(t, &specv1.XQUICDialConfig{LocalAddr: new("127.0.0.1:0"), Timeout: durationpb.New(10 * time.Second)}).
		DialContext(t.Context(), "udp", l.LocalAddr().String())
	require.NoError(t, err)
	ask(t, c)
	require.NoError(t, <-done)
	assert.EqualValues(t, 1, l.Stats().Accepted)
}

// quic-go's client asks x/net/quic's listener.
func TestFromQuicGo(t *testing.T) {
	spectest.NoLeak(t)
	l := listen(t, &specv1.XQUICListenConfig{})
	done := answer(t, l)
	d, err := quicspec.NewDialerFromSpec(&specv1.QUICDialConfig{Tls: clientTLS()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	c, err := d.DialContext(t.Context(), "udp", l.LocalAddr().String())
	require.NoError(t, err)
	s, err := c.OpenStreamSync(t.Context())
	require.NoError(t, err)
	_, err = s.Write([]byte("echo"))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	got, err := io.ReadAll(s)
	require.NoError(t, err)
	assert.Equal(t, "echo", string(got))
	require.NoError(t, <-done)
}

// x/net/quic's client asks quic-go's listener.
func TestToQuicGo(t *testing.T) {
	spectest.NoLeak(t)
	l, err := quicspec.NewListenerFromSpec(&specv1.QUICListenConfig{
		Address: new("127.0.0.1:0"), Tls: serverTLS(t), Retry: specv1.QUICListenConfig_always.Enum(),
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Shutdown(limited(t))) })
	ctx := limited(t)
	done := make(chan error, 1)
	go func() {
		done <- func() error {
			c, err := l.Accept(ctx)
			if err != nil {
				return err
			}
			s, err := c.AcceptStream(ctx)
			if err != nil {
				return err
			}
			if _, err = io.Copy(s, s); err != nil {
				return err
			}
			return s.Close()
		}()
	}()
	c, err := dialer(t, &specv1.XQUICDialConfig{}).DialContext(t.Context(), "udp", l.Addr().String())
	require.NoError(t, err)
	ask(t, c)
	require.NoError(t, <-done)
	assert.Positive(t, l.Stats().Retries)
}

// Whom deny names is never accepted.
func TestDenied(t *testing.T) {
	spectest.NoLeak(t)
	l := listen(t, &specv1.XQUICListenConfig{Deny: []string{"127.0.0.0/8"}})
	c, err := dialer(t, &specv1.XQUICDialConfig{}).DialContext(t.Context(), "udp", l.LocalAddr().String())
	if err == nil { // x/net/quic shows a conn after its handshake
		err = c.Wait(limited(t))
	}
	require.Error(t, err)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	assert.Zero(t, l.Stats().Accepted)
	assert.EqualValues(t, 1, l.Stats().Refused)
}

// Every field has an effect on what the mapper returns.
func TestEveryField(t *testing.T) {
	socket := func(more map[string]any) map[string]any {
		all := map[string]any{
			"options": map[string]any{"IP_TTL": 7}, "prefer": map[string]any{"IP_TTL": 8},
			"socket": &specv1.SockOption{Ip: &specv1.SockIPOption{Ttl: new(int32(9))}}, "local_addr": "127.0.0.1:0",
			"tls": &specv1.TLSConfig{ServerName: new("other"), Alpn: []string{"echo"}},
		}
		maps.Copy(all, more)
		return all
	}
	key := text(strings.Repeat("5a", 32))
	settle := func(c *tls.Config) *tls.Config { return &tls.Config{ServerName: c.ServerName} }
	dial := func(m proto.Message) (any, error) {
		c, err := xquicspec.DialConfig(t.Context(), m.(*specv1.XQUICDialConfig))
		if err == nil {
			c.TLS = settle(c.TLS)
		}
		return c, err
	}
	refused := func(m *specv1.XQuicConfig, want string) func(*testing.T) {
		return func(t *testing.T) {
			_, err := xquicspec.DialConfig(t.Context(), &specv1.XQUICDialConfig{Tls: clientTLS(), Quic: m})
			assert.EqualError(t, err, want)
		}
	}
	t.Run("quic", func(t *testing.T) {
		spectest.EveryField(t, &spectest.Case{
			New:     func() proto.Message { return &specv1.XQuicConfig{} },
			Map:     func(m proto.Message) (any, error) { return xquicspec.QUICConfig(m.(*specv1.XQuicConfig)) },
			Samples: map[string]any{"stateless_reset_key": key},
			Foreign: []proto.Message{&specv1.DataSource{}},
		})
	})
	t.Run("dial", func(t *testing.T) {
		spectest.EveryField(t, &spectest.Case{
			New:     func() proto.Message { return &specv1.XQUICDialConfig{Tls: clientTLS()} },
			Map:     dial,
			Samples: socket(nil),
			Foreign: []proto.Message{&specv1.TLSConfig{}, &specv1.SockOption{}, &specv1.DataSource{}},
			Proofs: map[string]func(*testing.T){
				"quic.require_address_validation": refused(&specv1.XQuicConfig{RequireAddressValidation: new(true)},
					"quic.require_address_validation: true: is for listeners"),
				"quic.stateless_reset_key": refused(&specv1.XQuicConfig{StatelessResetKey: key},
					"quic.stateless_reset_key: is for listeners"),
			},
		})
	})
	t.Run("listen", func(t *testing.T) {
		own := serverTLS(t)
		samples := socket(map[string]any{
			"address": "127.0.0.1:1", "allow": "10.0.0.0/8", "deny": "10.0.0.0/8", "quic.stateless_reset_key": key,
		})
		delete(samples, "local_addr")
		with := proto.CloneOf(own)
		with.ServerName = new("other")
		samples["tls"] = with
		spectest.EveryField(t, &spectest.Case{
			New: func() proto.Message {
				return &specv1.XQUICListenConfig{Address: new("127.0.0.1:0"), Tls: proto.CloneOf(own)}
			},
			Map: func(m proto.Message) (any, error) {
				c, err := xquicspec.ListenConfig(t.Context(), m.(*specv1.XQUICListenConfig))
				if err == nil {
					c.TLS = settle(c.TLS)
				}
				return c, err
			},
			Samples: samples,
			Foreign: []proto.Message{&specv1.TLSConfig{}, &specv1.SockOption{}, &specv1.DataSource{}},
		})
	})
}

// All that is wrong is told at once, with its place in the message.
func TestBroken(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the options are those of Linux")
	}
	minus := durationpb.New(-time.Second)
	_, err := xquicspec.QUICConfig(&specv1.XQuicConfig{
		HandshakeTimeout: minus, MaxIdleTimeout: minus, KeepAlivePeriod: minus,
		MaxBidiRemoteStreams: new(int64(1<<60 + 1)), MaxUniRemoteStreams: new(int64(1<<60 + 1)),
		MaxStreamReadBufferSizeBytes: new(int64(-1)), MaxStreamWriteBufferSizeBytes: new(int64(-1)),
		MaxConnReadBufferSizeBytes: new(int64(math.MaxInt64)), StatelessResetKey: text(strings.Repeat("0", 64)),
	})
	assert.EqualError(t, err, lines(
		`stateless_reset_key: is a key of zeros`,
		`max_bidi_remote_streams: 1152921504606846977: must not be above 1152921504606846976`,
		`max_uni_remote_streams: 1152921504606846977: must not be above 1152921504606846976`,
		`max_stream_read_buffer_size_bytes: -1: must not be negative: no data could pass`,
		`max_stream_write_buffer_size_bytes: -1: must not be negative: no data could pass`,
		`max_conn_read_buffer_size_bytes: 9223372036854775807: must not be above 4611686018427387903`,
		`handshake_timeout: "-1s": must not be negative: handshakes would never end`,
		`max_idle_timeout: "-1s": must not be negative: dead conns would never end`,
		`keep_alive_period: "-1s": must not be negative`,
	))
	_, err = xquicspec.DialConfig(t.Context(), &specv1.XQUICDialConfig{
		LocalAddr: new("x"), ReceiveBufferBytes: new(int64(-1)), SendBufferBytes: new(int64(1 << 31)), Timeout: minus,
		Options: values(t, map[string]any{"TCP_NODELAY": true, "IP_TOS": 1}),
		Socket:  &specv1.SockOption{Tcp: &specv1.SockTCPOption{Cork: new(true)}},
		Quic:    &specv1.XQuicConfig{MaxConnReadBufferSizeBytes: new(int64(-1)), StatelessResetKey: text("00")},
		Tls:     &specv1.TLSConfig{},
	})
	assert.EqualError(t, err, lines(
		`quic.stateless_reset_key: has 1 bytes, not 32`,
		`local_addr: "x": must be IP:port`,
		`options.TCP_NODELAY: true: unsupported operation: only for tcp4 tcp6 mptcp`,
		`socket.tcp.cork: true: unsupported operation: only for tcp4 tcp6 mptcp`,
		`options.IP_TOS: 1: unsupported operation: not on a socket of QUIC: x/net/quic sets the byte for each packet, for ECN`,
		`receive_buffer_bytes: -1: must not be negative`,
		`send_buffer_bytes: 2147483648: must be at most 2147483647 bytes`,
		`tls.alpn: QUIC needs at least one protocol (RFC 9001, section 8.1)`,
		`quic.max_conn_read_buffer_size_bytes: -1: must not be negative: no data could pass`,
		`timeout: "-1s": must not be negative`,
	))
	var own *xquic.Error
	require.ErrorAs(t, err, &own)
	var option *sockopt.Error
	require.ErrorAs(t, err, &option)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = xquicspec.ListenConfig(t.Context(), &specv1.XQUICListenConfig{
		Tls: clientTLS(), Allow: []string{"x"}, MaxConns: new(int32(-1)), MaxConnsPerSource: new(int32(-1)),
		SourceBits4: new(int32(33)), SourceBits6: new(int32(-1)), Backlog: new(int32(1<<20 + 1)),
	})
	assert.EqualError(t, err, lines(
		`allow[0]: "x": ParseAddr("x"): unable to parse IP`,
		`address: must be set`,
		`tls.certificates: required for a listener`,
		`max_conns: -1: must not be negative`,
		`max_conns_per_source: -1: must not be negative`,
		`backlog: 1048577: must not be above 1048576`,
		`source_bits4: 33: must not be above 32`,
		`source_bits6: -1: must not be negative`,
	))
	reload := &specv1.TLSConfig_Reload{}
	for _, err := range []error{
		second(xquicspec.NewDialerFromSpec(&specv1.XQUICDialConfig{Tls: &specv1.TLSConfig{Reload: reload}})),
		second(xquicspec.NewListenerFromSpec(&specv1.XQUICListenConfig{Tls: &specv1.TLSConfig{Reload: reload}})),
	} {
		assert.ErrorContains(t, err, "tls.reload: nothing would end it: use xquicspec.")
	}
}

func TestNil(t *testing.T) {
	assert.EqualError(t, second(xquicspec.NewListenerFromSpec(nil)), "a listener needs a message with address and tls, not nil")
	assert.EqualError(t, second(xquicspec.NewDialerFromSpec(nil)), "tls: QUIC needs TLS")
	c, err := xquicspec.QUICConfig(nil)
	require.NoError(t, err)
	assert.Equal(t, &xnet.Config{}, c)
}

func second[T any](_ T, err error) error { return err }

func lines(all ...string) string { return strings.Join(all, "\n") }
