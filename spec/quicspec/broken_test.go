package quicspec_test

import (
	"errors"
	"io/fs"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/spectest"
	"github.com/strata-net/strata/spec/quicspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// mapped calls the mapper of a message.
func mapped(t *testing.T, m proto.Message) (any, error) {
	t.Helper()
	switch m := m.(type) {
	case *specv1.QuicConfig:
		return quicspec.QUICConfig(m)
	case *specv1.QUICDialConfig:
		return quicspec.DialConfig(t.Context(), m)
	case *specv1.QUICListenConfig:
		return quicspec.ListenConfig(t.Context(), m)
	case *specv1.QUICStreamConfig:
		return quicspec.StreamConfig(t.Context(), m)
	case *specv1.HTTP3TransportConfig:
		return quicspec.HTTP3Config(t.Context(), m)
	case *specv1.HTTP3ServerConfig:
		return quicspec.HTTP3ServerConfig(t.Context(), m)
	}
	require.Fail(t, "no mapper", "%T", m)
	return nil, nil
}

func values(t *testing.T, m map[string]any) map[string]*structpb.Value {
	t.Helper()
	s, err := structpb.NewStruct(m)
	require.NoError(t, err)
	return s.GetFields()
}

// All that is wrong is told at once, with its place in the message.
func TestBroken(t *testing.T) {
	spectest.NoLeak(t)
	minus := durationpb.New(-time.Second)
	for _, tt := range []struct {
		name string
		m    proto.Message
		want string
	}{
		{"quic", &specv1.QuicConfig{
			Versions: []string{"v1", "v3", "v1"}, HandshakeIdleTimeout: minus, MaxIdleTimeout: durationpb.New(1),
			KeepAlivePeriod:                 &durationpb.Duration{Seconds: 1e10},
			InitialStreamReceiveWindowBytes: new(int64(-1)), MaxStreamReceiveWindowBytes: new(int64(5)),
			MaxConnectionReceiveWindowBytes: new(int64(math.MaxInt64)), MaxIncomingStreams: new(int64(-2)),
			InitialPacketSizeBytes: new(int32(70000)),
		}, lines(
			`versions[1]: "v3": allowed are v1 and v2`,
			`keep_alive_period: "10000000000s": beyond what a duration can be, 292 years`,
			`initial_stream_receive_window_bytes: -1: must not be negative`,
			`initial_packet_size_bytes: 70000: must be 0 (the default) or from 1200 to 1452 bytes`,
			`handshake_idle_timeout: "-1s": must not be negative`,
			`max_idle_timeout: "1ns": must be at least 1ms`,
			`max_stream_receive_window_bytes: 5: must be at least 524288 bytes, what it is initially`,
			`max_connection_receive_window_bytes: 9223372036854775807: must be at most 4611686018427387903 bytes`,
			`max_incoming_streams: -2: must be from 0 (the default) to 2^60, or -1 for none`,
		)},
		{"quic, the rest", &specv1.QuicConfig{
			MaxIdleTimeout: durationpb.New(time.Second), KeepAlivePeriod: durationpb.New(time.Minute),
			InitialConnectionReceiveWindowBytes: new(int64(-1)), MaxIncomingUniStreams: new(int64(1<<60 + 1)),
			InitialPacketSizeBytes: new(int32(1000)),
		}, lines(
			`initial_connection_receive_window_bytes: -1: must not be negative`,
			`keep_alive_period: "1m0s": must be at most 500ms, half of max_idle_timeout`,
			`max_incoming_uni_streams: 1152921504606846977: must be from 0 (the default) to 2^60, or -1 for none`,
			`initial_packet_size_bytes: 1000: must be 0 (the default) or from 1200 to 1452 bytes`,
		)},
		{"no dial", (*specv1.QUICDialConfig)(nil), `tls: QUIC needs TLS`},
		{"dial", &specv1.QUICDialConfig{
			LocalAddr: new("localhost:1"), ReceiveBufferBytes: new(int64(-1)), SendBufferBytes: new(int64(1 << 31)),
			Options: values(t, map[string]any{"NOPE": 1}),
			Tls:     &specv1.TLSConfig{MinVersion: new("1.4")},
			Quic:    &specv1.QuicConfig{Allow0Rtt: new(true), Versions: []string{"v2", "v2"}, InitialPacketSizeBytes: new(int32(1))},
			Timeout: minus, Qlog: &specv1.QLogConfig{MaxBytes: new(int64(-1))},
			TokenOrigins: new(int32(0)), TokensPerOrigin: new(int32(1025)),
		}, lines(
			`options.NOPE: 1: invalid argument: unknown option`,
			`tls.min_version: "1.4": allowed are 1.0, 1.1, 1.2 and 1.3`,
			`qlog.folder: required`,
			`token_origins: 0: must be from 1 to 1048576`,
			`tokens_per_origin: 1025: must be from 1 to 1024`,
			`local_addr: "localhost:1": host "localhost" is not an IP literal`,
			`receive_buffer_bytes: -1: must not be negative`,
			`send_buffer_bytes: 2147483648: must be at most 2147483647 bytes`,
			`quic.allow0_rtt: is for listeners only`,
			`quic.versions[1]: "v2": is there twice`,
			`quic.initial_packet_size_bytes: 1: must be 0 (the default) or from 1200 to 1452 bytes`,
			`qlog.max_bytes: -1: must not be negative`,
			`timeout: "-1s": must not be negative`,
		)},
		{"dial, options", &specv1.QUICDialConfig{
			Options: values(t, map[string]any{"IP_TOS": 4, "TCP_NODELAY": true, "SO_RCVBUF": 4096}),
			Socket:  &specv1.SockOption{Udp: &specv1.SockUDPOption{Cork: new(true)}}, ReceiveBufferBytes: new(int64(4096)),
			Tls: &specv1.TLSConfig{MaxVersion: new("1.2"), Alpn: []string{"h2"}},
		}, lines(
			`options.TCP_NODELAY: true: unsupported operation: only for tcp4 tcp6 mptcp`,
			`options.IP_TOS: 4: unsupported operation: not on a socket of QUIC: quic-go sets the whole byte for every packet, for ECN`,
			`socket.udp.cork: true: unsupported operation: not on a socket of QUIC: it would hold every packet back`,
			`receive_buffer_bytes: 4096: not together with the option SO_RCVBUF`,
			`tls.alpn[0]: "h2": is a protocol for TLS over TCP`,
			`tls.max_version: "1.2": QUIC needs TLS 1.3`,
		)},
		{"no listener", (*specv1.QUICListenConfig)(nil), `a listener needs a message with address and tls, not nil`},
		{"empty listener", &specv1.QUICListenConfig{}, lines(
			`address: required`,
			`tls: QUIC needs TLS`,
		)},
		{"listen", &specv1.QUICListenConfig{
			Address: new("tcp://127.0.0.1:1"), Tls: clientTLS("echo"), Quic: &specv1.QuicConfig{HandshakeIdleTimeout: durationpb.New(1)},
			Qlog:  &specv1.QLogConfig{},
			Allow: []string{"10.0.0.0/8", "10.0.0.0/33"}, Deny: []string{"nobody"},
			MaxConns: new(int32(-1)), MaxConnsPerSource: new(int32(-2)), SourceBits4: new(int32(33)), SourceBits6: new(int32(129)),
			MaxHandshakes: new(int32(1<<20 + 1)), HandshakeTimeout: minus, Retry: specv1.QUICListenConfig_Retry(3).Enum(),
			RetryAbove: new(int32(-1)), StatelessResetKey: text("00"), TokenKey: &specv1.DataSource{},
			MaxTokenAge: minus, Shards: new(int32(65)), CloseCode: new(int64(-1)),
		}, lines(
			`qlog.folder: required`,
			`allow[1]: "10.0.0.0/33": netip.ParsePrefix("10.0.0.0/33"): prefix length out of range`,
			`deny[0]: "nobody": ParseAddr("nobody"): unable to parse IP`,
			`retry: 3: is none of under_load, never, always`,
			`stateless_reset_key: has 1 bytes, not 32`,
			`token_key: names nothing: want file, env or text`,
			`close_code: -1: must not be negative`,
			`address: "tcp://127.0.0.1:1": unknown network tcp`,
			`shards: 65: is more than 64`,
			`tls.certificates: required for a listener`,
			`quic.handshake_idle_timeout: "1ns": set handshake_timeout, of which it is half`,
			`max_conns: -1: must not be negative`,
			`max_conns_per_source: -2: must not be negative`,
			`max_handshakes: 1048577: is more than 1048576`,
			`source_bits4: 33: is not from 1 to 32`,
			`source_bits6: 129: is not from 1 to 128`,
			`handshake_timeout: "-1s": must not be negative`,
			`max_token_age: "-1s": must not be negative`,
			`retry_above: -1: must not be negative`,
		)},
		{"listen, retry", &specv1.QUICListenConfig{
			Address: new("127.0.0.1:http"), Tls: serverTLS(t, "echo"), Retry: specv1.QUICListenConfig_always.Enum(), RetryAbove: new(int32(1)),
			CloseCode: new(int64(math.MaxInt64)), Shards: new(int32(2)), MaxHandshakes: new(int32(-1)),
			Options: values(t, map[string]any{"SO_REUSEPORT": false}),
		}, lines(
			`address: "127.0.0.1:http": port "http" is not a number from 0 to 65535`,
			`shards: 2: need SO_REUSEPORT=true, and options has SO_REUSEPORT=false`,
			`max_handshakes: -1: must not be negative`,
			`close_code: 9223372036854775807: is more than 2^62-1`,
			`retry_above: 1: is for another policy than retry always`,
		)},
		{"stream", &specv1.QUICStreamConfig{
			CloseCode: new(int64(-1)), Timeout: minus, IdleTimeout: minus, MaxConnsPerAddress: new(int32(-1)),
			MaxStreamsPerConn: new(int32(-1)), Linger: minus,
		}, lines(
			`close_code: -1: must not be negative`,
			`timeout: "-1s": must not be negative`,
			`idle_timeout: "-1s": must not be negative`,
			`linger: "-1s": must not be negative`,
			`max_conns_per_address: -1: must not be negative`,
			`max_streams_per_conn: -1: must not be negative`,
		)},
		{"http3", &specv1.HTTP3TransportConfig{
			Dial: &specv1.QUICDialConfig{
				Options: values(t, map[string]any{"IP_TOS": 4}), Timeout: minus, LocalAddr: new("x"),
				Tls:  clientTLS("h3", "h2"),
				Quic: &specv1.QuicConfig{EnableDatagrams: new(true), Versions: []string{"v1", "v2"}, InitialPacketSizeBytes: new(int32(1))},
			},
			Network: new("tcp"), MaxResponseHeaderBytes: new(int64(-1)),
			AdditionalSettings: map[uint64]uint64{0x33: 1, 0x100: 1 << 62},
		}, lines(
			`dial.tls.alpn: [h3 h2]: HTTP/3 has h3 and nothing else: leave it out`,
			`network: "tcp": must be "udp", "udp4" or "udp6"`,
			`max_response_header_bytes: -1: must not be negative`,
			`additional_settings.51: 1: is sent by itself: use enable_datagrams`,
			`additional_settings.256: 4611686018427387904: the value must be at most 4611686018427387903`,
			`enable_datagrams: false: dial.quic.enable_datagrams: true: QUIC's datagrams are of no use without those of HTTP/3; set enable_datagrams, which enables both`,
			`dial.quic.versions: [v1 v2]: HTTP/3 dials with one version`,
			`dial.local_addr: "x": must be an IP literal or IP:port`,
			`dial.options.IP_TOS: 4: unsupported operation: not on a socket of QUIC: quic-go sets the whole byte for every packet, for ECN`,
			`dial.quic.initial_packet_size_bytes: 1: must be 0 (the default) or from 1200 to 1452 bytes`,
			`dial.timeout: "-1s": must not be negative`,
		)},
		{"no server", (*specv1.HTTP3ServerConfig)(nil), `a server needs a message with listen.tls, not nil`},
		{"empty server", &specv1.HTTP3ServerConfig{}, `listen.tls: QUIC needs TLS`},
		{"server", &specv1.HTTP3ServerConfig{
			Listen: &specv1.QUICListenConfig{
				Address: new("nowhere"), Options: values(t, map[string]any{"IP_TOS": 4}), Tls: serverTLS(t, "echo"), MaxConns: new(int32(-1)),
				Quic:  &specv1.QuicConfig{EnableDatagrams: new(true), MaxIncomingStreams: new(int64(-1)), MaxIncomingUniStreams: new(int64(2))},
				Allow: []string{"x"},
			},
			AdditionalSettings: map[uint64]uint64{1: 1}, MaxHeaderBytes: new(int64(-1)), IdleTimeout: minus,
		}, lines(
			`listen.allow[0]: "x": ParseAddr("x"): unable to parse IP`,
			`listen.tls.alpn: [echo]: HTTP/3 has h3 and nothing else: leave it out`,
			`max_header_bytes: -1: must not be negative`,
			`idle_timeout: "-1s": must not be negative`,
			`additional_settings.1: 1: is a setting of QPACK's dynamic table, which quic-go does not have`,
			`enable_datagrams: false: listen.quic.enable_datagrams: true: QUIC's datagrams are of no use without those of HTTP/3; set enable_datagrams, which enables both`,
			`listen.quic.max_incoming_streams: -1: must be at least 1 for HTTP/3`,
			`listen.quic.max_incoming_uni_streams: 2: must be at least 3 for HTTP/3`,
			`listen.address: "nowhere": address nowhere: missing port in address`,
			`listen.options.IP_TOS: 4: unsupported operation: not on a socket of QUIC: quic-go sets the whole byte for every packet, for ECN`,
			`listen.max_conns: -1: must not be negative`,
		)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Contains(tt.want, "SO_") || strings.Contains(tt.want, "IP_") {
				linuxOnly(t)
			}
			_, err := mapped(t, tt.m)
			require.Error(t, err)
			assert.Equal(t, tt.want, err.Error())
		})
	}
}

// linuxOnly skips where other systems have other options.
func linuxOnly(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the options are those of Linux")
	}
}

// What a module or sockopt has refused unwraps to what they said.
func TestBrokenUnwraps(t *testing.T) {
	linuxOnly(t)
	_, err := quicspec.HTTP3Config(t.Context(), &specv1.HTTP3TransportConfig{
		Dial: &specv1.QUICDialConfig{
			Timeout: durationpb.New(-1), Options: values(t, map[string]any{"TCP_NODELAY": true, "IP_TOS": 1}),
			Tls: &specv1.TLSConfig{Roots: &specv1.TLSConfig_CAs{From: []*specv1.DataSource{file("/nowhere")}}},
		},
		Network: new("x"),
	})
	all := map[string]*spec.Error{}
	for _, e := range spec.Errors(err) {
		all[e.Path] = e
	}
	require.Len(t, all, 5)
	var q *quicx.Error
	require.ErrorAs(t, all["dial.timeout"], &q)
	assert.Equal(t, "Timeout", q.Field)
	var h *http3x.Error
	require.ErrorAs(t, all["network"], &h)
	assert.Equal(t, "Network", h.Field)
	var o *sockopt.Error
	require.ErrorAs(t, all["dial.options.TCP_NODELAY"], &o)
	assert.Equal(t, "TCP_NODELAY", o.Option)
	require.ErrorAs(t, all["dial.options.TCP_NODELAY"], &q)
	require.ErrorIs(t, all["dial.options.IP_TOS"], errors.ErrUnsupported)
	require.ErrorIs(t, all["dial.tls.roots.from[0]"], fs.ErrNotExist)
}

func lines(all ...string) string { return strings.Join(all, "\n") }
