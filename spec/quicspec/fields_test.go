package quicspec_test

import (
	"crypto/tls"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/spec/internal/spectest"
	"github.com/strata-net/strata/spec/quicspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// foreign are the messages of other packages, which test their fields themselves.
var foreign = []proto.Message{&specv1.TLSConfig{}, &specv1.SockOption{}}

// quicSamples are values that are valid for fields of QuicConfig.
func quicSamples(at string, more map[string]any) map[string]any {
	all := map[string]any{
		"versions":                            "v2",
		"initial_stream_receive_window_bytes": 1 << 20, "max_stream_receive_window_bytes": 1 << 20,
		"initial_connection_receive_window_bytes": 1 << 20, "max_connection_receive_window_bytes": 1 << 20,
		"initial_packet_size_bytes": 1300,
	}
	maps.Copy(all, more)
	return prefixed(at, all)
}

func prefixed(at string, samples map[string]any) map[string]any {
	all := map[string]any{}
	for path, sample := range samples {
		all[at+path] = sample
	}
	return all
}

// settle takes out of a TLS config what is made anew each time: all but the names.
func settle(c *tls.Config) *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{ServerName: c.ServerName, NextProtos: c.NextProtos}
}

func TestEveryField_QUIC(t *testing.T) {
	spectest.EveryField(t, &spectest.Case{
		New:     func() proto.Message { return &specv1.QuicConfig{} },
		Map:     func(m proto.Message) (any, error) { return quicspec.QUICConfig(m.(*specv1.QuicConfig)) },
		Samples: quicSamples("", nil),
	})
}

// options are samples of the three fields with options.
func options(more map[string]any) map[string]any {
	all := map[string]any{
		"options": map[string]any{"IP_TTL": 7}, "prefer": map[string]any{"IP_TTL": 8},
		"socket":               &specv1.SockOption{Ip: &specv1.SockIPOption{Ttl: new(int32(9))}},
		"receive_buffer_bytes": 65536, "send_buffer_bytes": 65536,
	}
	maps.Copy(all, more)
	return all
}

func dialSamples(t *testing.T, at string) map[string]any {
	t.Helper()
	all := prefixed(at, options(map[string]any{
		"local_addr": "127.0.0.1:0", "qlog": &specv1.QLogConfig{Folder: new(t.TempDir())},
		"tls": &specv1.TLSConfig{ServerName: new("server.test"), Alpn: []string{"h3"}},
	}))
	maps.Copy(all, quicSamples(at+"quic.", nil))
	return all
}

// refused is the proof of a field that is not for the side: its one effect is an
// error that names it.
func refused(t *testing.T, m proto.Message, want string) func(*testing.T) {
	t.Helper()
	return func(t *testing.T) {
		_, err := mapped(t, m)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q: %v", want, err)
		}
	}
}

func settledDial(c *quicx.DialConfig, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	c.TLS = settle(c.TLS)
	return c, nil
}

func TestEveryField_Dial(t *testing.T) {
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.QUICDialConfig{Tls: clientTLS("echo")} },
		Map: func(m proto.Message) (any, error) {
			return settledDial(quicspec.DialConfig(t.Context(), m.(*specv1.QUICDialConfig)))
		},
		Samples: dialSamples(t, ""),
		Needs:   map[string]proto.Message{"qlog.max_bytes": &specv1.QUICDialConfig{Qlog: &specv1.QLogConfig{Folder: new(t.TempDir())}}},
		Proofs: map[string]func(*testing.T){"quic.allow0_rtt": refused(t, &specv1.QUICDialConfig{
			Tls: clientTLS("echo"), Quic: &specv1.QuicConfig{Allow0Rtt: new(true)},
		}, "quic.allow0_rtt: is for listeners only")},
		Foreign: foreign,
	})
}

var key = strings.Repeat("5a", 32)

func listenSamples(t *testing.T, at string) map[string]any {
	t.Helper()
	withNames := serverTLS(t, "h3")
	withNames.ServerName = new("other")
	all := prefixed(at, options(map[string]any{
		"address": "127.0.0.1:1", "qlog": &specv1.QLogConfig{Folder: new(t.TempDir())}, "tls": withNames,
		"allow": "10.0.0.0/8", "deny": "10.0.0.0/8", "stateless_reset_key": text(key), "token_key": text(key),
	}))
	maps.Copy(all, quicSamples(at+"quic.", nil))
	return all
}

func settledListen(c *quicx.ListenConfig, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	c.TLS = settle(c.TLS)
	return c, nil
}

func TestEveryField_Listen(t *testing.T) {
	own := serverTLS(t, "echo")
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message {
			return &specv1.QUICListenConfig{Address: new("127.0.0.1:0"), Tls: proto.CloneOf(own)}
		},
		Map: func(m proto.Message) (any, error) {
			return settledListen(quicspec.ListenConfig(t.Context(), m.(*specv1.QUICListenConfig)))
		},
		Samples: listenSamples(t, ""),
		Needs:   map[string]proto.Message{"qlog.max_bytes": &specv1.QUICListenConfig{Qlog: &specv1.QLogConfig{Folder: new(t.TempDir())}}},
		Proofs: map[string]func(*testing.T){"quic.handshake_idle_timeout": refused(t, &specv1.QUICListenConfig{
			Address: new("127.0.0.1:0"), Tls: own, Quic: &specv1.QuicConfig{HandshakeIdleTimeout: seconds(1)},
		}, "quic.handshake_idle_timeout: \"1s\": set handshake_timeout")},
		Foreign: append(slices.Clone(foreign), &specv1.DataSource{}),
	})
}

func TestEveryField_Stream(t *testing.T) {
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.QUICStreamConfig{} },
		Map: func(m proto.Message) (any, error) {
			return quicspec.StreamConfig(t.Context(), m.(*specv1.QUICStreamConfig))
		},
	})
}

func TestEveryField_HTTP3Transport(t *testing.T) {
	samples := dialSamples(t, "dial.")
	samples["network"] = "udp4"
	samples["additional_settings"] = map[uint64]uint64{0x100: 1}
	datagrams := &specv1.HTTP3TransportConfig{EnableDatagrams: new(true)}
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.HTTP3TransportConfig{} },
		Map: func(m proto.Message) (any, error) {
			c, err := quicspec.HTTP3Config(t.Context(), m.(*specv1.HTTP3TransportConfig))
			if err != nil {
				return nil, err
			}
			c.Dial.TLS = settle(c.Dial.TLS)
			return c, nil
		},
		Samples: samples,
		Needs: map[string]proto.Message{
			"dial.qlog.max_bytes":        &specv1.HTTP3TransportConfig{Dial: &specv1.QUICDialConfig{Qlog: &specv1.QLogConfig{Folder: new(t.TempDir())}}},
			"dial.quic.enable_datagrams": datagrams,
		},
		Proofs: map[string]func(*testing.T){"dial.quic.allow0_rtt": refused(t, &specv1.HTTP3TransportConfig{
			Dial: &specv1.QUICDialConfig{Quic: &specv1.QuicConfig{Allow0Rtt: new(true)}},
		}, "dial.quic.allow0_rtt: is for listeners only")},
		Foreign: foreign,
	})
}

func TestEveryField_HTTP3Server(t *testing.T) {
	own := serverTLS(t)
	samples := listenSamples(t, "listen.")
	samples["additional_settings"] = map[uint64]uint64{0x100: 1}
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message {
			return &specv1.HTTP3ServerConfig{Listen: &specv1.QUICListenConfig{Tls: proto.CloneOf(own)}}
		},
		Map: func(m proto.Message) (any, error) {
			c, err := quicspec.HTTP3ServerConfig(t.Context(), m.(*specv1.HTTP3ServerConfig))
			if err != nil {
				return nil, err
			}
			c.Listen.TLS = settle(c.Listen.TLS)
			return c, nil
		},
		Samples: samples,
		Needs: map[string]proto.Message{
			"listen.qlog.max_bytes":        &specv1.HTTP3ServerConfig{Listen: &specv1.QUICListenConfig{Qlog: &specv1.QLogConfig{Folder: new(t.TempDir())}}},
			"listen.quic.enable_datagrams": &specv1.HTTP3ServerConfig{EnableDatagrams: new(true)},
		},
		Proofs: map[string]func(*testing.T){"listen.quic.handshake_idle_timeout": refused(t, &specv1.HTTP3ServerConfig{
			Listen: &specv1.QUICListenConfig{Tls: own, Quic: &specv1.QuicConfig{HandshakeIdleTimeout: seconds(1)}},
		}, "listen.quic.handshake_idle_timeout: \"1s\": set handshake_timeout")},
		Foreign: append(slices.Clone(foreign), &specv1.DataSource{}),
	})
}
