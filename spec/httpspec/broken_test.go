package httpspec_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/httpspec"
	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// Each row is a message, in JSON, and all that is wrong with it.
var broken = []struct {
	message proto.Message
	json    string
	want    []string // problems
}{
	{&transportConfig{}, `{"protocols": ["http1", "h2c"]}`, []string{
		`protocols: {HTTP1,UnencryptedHTTP2}: UnencryptedHTTP2 would never be used beside HTTP1: http has no way to choose between them`,
	}},
	{&transportConfig{}, `{"protocols": ["http1", 7, "http1"]}`, []string{
		`protocols[1]: 7: is none of http1, http2, h2c`,
		`protocols[2]: http1: is there twice`,
	}},
	{&transportConfig{}, `{"dial": {"tls": {}}}`, []string{
		`dial.tls: the scheme of the URL decides on TLS: its config is in the field tls beside dial`,
	}},
	{&transportConfig{}, `{"dial": {"tls": {}, "options": {"TCP_NODELAY": "maybe"}}, "idleConnTimeout": "1s", "disableKeepAlives": true}`, []string{
		`dial.tls: the scheme of the URL decides on TLS: its config is in the field tls beside dial`,
		`dial.options.TCP_NODELAY: "maybe": invalid argument: want true or false`,
		`idle_conn_timeout: 1s: DisableKeepAlives leaves no conn idle`,
	}},
	{&transportConfig{}, `{"dialTimeout": "315576000000s"}`, []string{
		`dial_timeout: "315576000000s": beyond what a duration can be, 292 years`,
	}},
	{&transportConfig{}, `{"tlsHandshakeTimeout": "-1s", "readBufferBytes": "-1", "writeBufferBytes": "16777217", "maxConnsPerHost": "-1"}`, []string{
		`tls_handshake_timeout: -1s: must not be negative`,
		`max_conns_per_host: -1: must be from 0 to 2147483647`,
		`read_buffer_bytes: -1: must be from 0 to 16777216`,
		`write_buffer_bytes: 16777217: must be from 0 to 16777216`,
	}},
	{&transportConfig{}, `{"maxResponseHeaderBytes": "4294967296"}`, []string{
		`max_response_header_bytes: 4294967296: must be from 0 to 4294967295`,
	}},
	{&transportConfig{}, `{"maxIdleConns": "3", "maxIdleConnsPerHost": "4"}`, []string{
		`max_idle_conns_per_host: 4: more than MaxIdleConns=3`,
	}},
	{&transportConfig{}, `{"http2": {"maxReadFrameBytes": "1", "pingTimeout": "-1s", "maxReceiveBufferPerConnectionBytes": "1"}}`, []string{
		`http2.max_read_frame_bytes: 1: must be from 16384 to 16777215`,
		`http2.max_receive_buffer_per_connection_bytes: 1: must be from 65536 to 1073741824`,
		`http2.ping_timeout: -1s: must not be negative`,
	}},
	{&transportConfig{}, `{"http2": {"maxDecoderHeaderTableBytes": "-1", "maxEncoderHeaderTableBytes": "4194304", "maxReceiveBufferPerStreamBytes": "-1"}}`, []string{
		`http2.max_decoder_header_table_bytes: -1: must be from 1 to 4194303`,
		`http2.max_encoder_header_table_bytes: 4194304: must be from 1 to 4194303`,
		`http2.max_receive_buffer_per_stream_bytes: -1: must be from 1 to 1073741824`,
	}},
	{&transportConfig{}, `{"http2": {"sendPingTimeout": "-1s", "pingTimeout": "1s", "writeByteTimeout": "-1s"}}`, []string{
		`http2.write_byte_timeout: -1s: must not be negative`,
		`http2.ping_timeout: 1s: no ping is sent`,
	}},
	{&transportConfig{}, `{"http2": {}, "protocols": ["http1"]}`, []string{
		`http2: has no effect: Protocols={HTTP1}`,
	}},
	{&transportConfig{}, `{"proxyUrl": "http://user:secret%zz@proxy.test"}`, []string{
		`proxy_url: is not a URL; special characters in user and password are written as %XX`,
	}},
	{&transportConfig{}, `{"proxyUrl": "http://[", "noProxy": "a.test", "proxyTls": {}, "proxyConnectHeader": {"a": "secret"}}`, []string{
		`proxy_url: is not a URL; special characters in user and password are written as %XX`,
	}},
	{&transportConfig{}, `{"proxyUrl": "ftp://user:secret@proxy.test"}`, []string{
		`proxy_url: the scheme must be one of http, https, socks5, socks5h`,
	}},
	{&transportConfig{}, `{"noProxy": "a.test", "proxyTls": {}, "proxyConnectHeader": {"a": "secret"}}`, []string{
		`no_proxy: a.test: there is no ProxyURL`,
		`proxy_tls: there is no proxy`,
		`proxy_connect_header: there is no proxy`,
	}},
	{&transportConfig{}, `{"proxyUrl": "http://proxy.test", "proxyConnectHeader": {"a": "secret", "A": "secret", "b c": "secret"}}`, []string{
		`proxy_connect_header: "b c" cannot be sent`,
		`proxy_connect_header.a: is there twice`,
	}},
	{&transportConfig{}, `{"proxyUrl": "http://proxy.test", "proxyTls": {}, "proxyFromEnvironment": true}`, []string{
		`proxy_from_environment: true: there is a ProxyURL or a ProxyFunc as well`,
		`proxy_tls: only an https proxy has it`,
	}},
	{&transportConfig{}, `{"tls": {"alpn": ["smtp"], "minVersion": "1.4"}}`, []string{
		`tls.min_version: "1.4": allowed are 1.0, 1.1, 1.2 and 1.3`,
	}},
	{&transportConfig{}, `{"tls": {"alpn": ["smtp"]}}`, []string{
		`tls.alpn: smtp: this package does not speak it`,
	}},
	{&transportConfig{}, `{"tls": {"reload": {}}, "maxConnsPerHost": "-1"}`, []string{
		`tls.reload: nothing would end it: use httpspec.TransportConfig, whose context does`,
		`max_conns_per_host: -1: must be from 0 to 2147483647`,
	}},
	{&http2Config{}, `{"dial": {"tls": {}}, "maxHeaderListBytes": "-1", "maxReadFrameBytes": "1"}`, []string{
		`dial.tls: the scheme of the URL decides on TLS: its config is in the field tls beside dial`,
		`max_read_frame_bytes: 1: must be from 16384 to 16777215`,
		`max_header_list_bytes: -1: must be from 0 to 4294967295`,
	}},
	{&http2Config{}, `{"maxDecoderHeaderTableBytes": "-1", "maxEncoderHeaderTableBytes": "-1", "maxReceiveBufferPerStreamBytes": "-1", "maxReceiveBufferPerConnectionBytes": "1"}`, []string{
		`max_decoder_header_table_bytes: -1: must be from 1 to 4194303`,
		`max_encoder_header_table_bytes: -1: must be from 1 to 4194303`,
		`max_receive_buffer_per_connection_bytes: 1: must be from 65536 to 1073741824`,
		`max_receive_buffer_per_stream_bytes: -1: must be from 1 to 1073741824`,
	}},
	{&http2Config{}, `{"tls": {"reload": {}}}`, []string{
		`tls.reload: nothing would end it: use httpspec.HTTP2Config, whose context does`,
	}},
	{&serverConfig{}, `{}`, []string{
		`listeners: a server needs one`,
	}},
	{&serverConfig{}, `{"listeners": [{"address": "127.0.0.1:0"}], "altSvc": "h3=\":443\""}`, []string{
		`alt_svc: h3=":443": needs HTTP3`,
	}},
	{&serverConfig{}, `{"listeners": [{"address": "127.0.0.1:0"}], "altSvc": "ä"}`, []string{
		`alt_svc: ä: has the byte 0xc3, which is not printable ASCII`,
	}},
	{&serverConfig{}, `{"listeners": [{"address": "127.0.0.1:70000"}, {}], "protocols": ["h2c"], "tls": {}}`, []string{
		`tls.certificates: required for a server`,
		`listeners[0].address: "127.0.0.1:70000": port "70000" is not a number from 0 to 65535`,
		`listeners[1].address: must be set`,
		`protocols: {UnencryptedHTTP2}: has nothing to speak over TLS`,
	}},
	{&serverConfig{}, `{"listeners": [{"address": "127.0.0.1:0"}], "readHeaderTimeout": "-1s", "idleTimeout": "-1s", "stallTimeout": "-1s", "drainTimeout": "-1s"}`, []string{
		`read_header_timeout: -1s: must not be negative`,
		`idle_timeout: -1s: must not be negative`,
		`stall_timeout: -1s: must not be negative`,
		`drain_timeout: -1s: must not be negative`,
	}},
	{&serverConfig{}, `{"listeners": [{"address": "127.0.0.1:0"}], "maxHeaderBytes": "-1", "maxRequestsPerConn": "-1", "http2": {"maxConcurrentStreams": "-1", "maxReadFrameBytes": "1"}}`, []string{
		`max_header_bytes: -1: must not be negative`,
		`max_requests_per_conn: -1: must not be negative`,
		`http2.max_concurrent_streams: -1: must be from 1 to 2147483647`,
		`http2.max_read_frame_bytes: 1: must be from 16384 to 16777215`,
	}},
	{&specv1.HTTPPoolConfig{}, `{"transport": {"readBufferBytes": "-1"}, "network": "tcp", "policy": 9, "minBackoff": "2s", "maxBackoff": "1s", "maxHosts": "-1"}`, []string{
		`transport.read_buffer_bytes: -1: must be from 0 to 16777216`,
		`policy: 9: is none of round_robin, least_requests`,
		`max_hosts: -1: must not be negative`,
		`min_backoff: 2s: must not be above MaxBackoff=1s`,
		`network: tcp: must be ip, ip4 or ip6`,
	}},
	{&specv1.HTTPRetryConfig{}, `{"attempts": "101", "statuses": {"codes": [200]}, "maxBackoff": "0.001s", "tryTimeout": "-1s", "budget": {"ratio": 101, "burst": "-1"}}`, []string{
		`attempts: 101: must be from 1 to 100`,
		`statuses.codes: 200: must be from 400 to 599`,
		`max_backoff: 1ms: must be at least 100ms`,
		`try_timeout: -1s: must not be negative`,
		`budget.ratio: 101: must be from -Inf to 100`,
		`budget.burst: -1: must be from 0 to 1000000`,
	}},
	{&specv1.HTTPRetryConfig{}, `{"budget": {"perSecond": "NaN"}}`, []string{
		`budget.per_second: NaN: must be from -Inf to 1e+06`,
	}},
	{&specv1.HTTPHedgeConfig{}, `{"delay": "-1s", "attempts": "11", "budget": {"burst": "1000001"}}`, []string{
		`delay: -1s: must not be negative`,
		`attempts: 11: must be from 1 to 10`,
		`budget.burst: 1000001: must be from 0 to 1000000`,
	}},
	{&specv1.HTTPEjectorConfig{}, `{"targets": ["a.test", "http://u:secret%zz@a", "http://a/b"], "ratio": 2, "for": "2s", "maxFor": "1s", "minimum": "-1"}`, []string{
		`targets[1]: is not a URL; special characters in user and password are written as %XX`,
		`targets[0]: a.test: needs http:// or https:// and a host`,
		`targets[2]: http://a/b: must have a scheme and a host only`,
		`ratio: 2: must be from -Inf to 1`,
		`minimum: -1: must be from 1 to 1000000000`,
		`max_for: 1s: must be at least 2s`,
	}},
	{&specv1.HTTPAltSvcConfig{}, `{"headStart": "7200s", "broken": "2s", "maxBroken": "1s", "maxOrigins": "-1"}`, []string{
		`head_start: 2h0m0s: must be from 0s to 1h0m0s`,
		`max_broken: 1s: must be at least 2s`,
		`max_origins: -1: must be from 0 to 1000000`,
	}},
	{&specv1.HTTPReverseProxyConfig{}, `{"target": "ftp://a", "via": "a b", "upgrades": {"protocols": ["h2c", ""]}, "forwarding": {"trusted": ["10.0.0.0/33"], "mode": 4}}`, []string{
		`forwarding.trusted[0]: "10.0.0.0/33": netip.ParsePrefix("10.0.0.0/33"): prefix length out of range`,
		`forwarding.mode: 4: is none of x, standard, both, none`,
		`target: ftp://a: its scheme is neither http nor https`,
		`via: "a b": is neither a host nor a token`,
		`upgrades.protocols: "h2c": would hide requests from the proxy: unsupported operation`,
		`upgrades.protocols: "": is no name of a protocol`,
	}},
	{&specv1.HTTPReverseProxyConfig{}, `{"target": "http://u:secret%zz@a", "transport": {"dial": {"tls": {}}}}`, []string{
		`target: is not a URL; special characters in user and password are written as %XX`,
		`transport.dial.tls: the scheme of the URL decides on TLS: its config is in the field tls beside dial`,
	}},
	{&specv1.HTTPConnectConfig{}, `{"dial": {"tls": {}}, "dialTimeout": "-1s"}`, []string{
		`dial.tls: the client speaks TLS through the tunnel by itself`,
		`dial_timeout: -1s: must not be negative`,
	}},
}

// made maps or builds what the message is of.
func made(m proto.Message) error {
	ctx := context.Background()
	var err error
	switch m := m.(type) {
	case *transportConfig:
		_, err = httpspec.HTTPTransport(m)
	case *http2Config:
		_, err = httpspec.HTTP2Transport(m)
	case *serverConfig:
		_, err = httpspec.NewServerFromSpec(m, echo)
	case *specv1.HTTPPoolConfig:
		_, err = httpspec.PoolConfig(ctx, m)
	case *specv1.HTTPRetryConfig:
		_, err = httpspec.RetryConfig(ctx, m)
	case *specv1.HTTPHedgeConfig:
		_, err = httpspec.HedgeConfig(ctx, m)
	case *specv1.HTTPEjectorConfig:
		_, err = httpspec.EjectorConfig(ctx, m)
	case *specv1.HTTPAltSvcConfig:
		_, err = httpspec.AltSvcConfig(ctx, m)
	case *specv1.HTTPReverseProxyConfig:
		_, err = httpspec.ReverseProxyConfig(ctx, m)
	case *specv1.HTTPConnectConfig:
		_, err = httpspec.ConnectConfig(ctx, m)
	}
	return err
}

func TestBroken(t *testing.T) {
	spectest.NoLeak(t)
	for _, tt := range broken {
		t.Run(tt.json, func(t *testing.T) {
			m := proto.Clone(tt.message)
			require.NoError(t, protojson.Unmarshal([]byte(tt.json), m))
			before := proto.Clone(m)
			err := made(m)
			require.Error(t, err)
			assert.Equal(t, tt.want, strings.Split(err.Error(), "\n"))
			assert.NotContains(t, err.Error(), "secret")
			assert.True(t, proto.Equal(before, m), "the message has changed")
			assert.Len(t, spec.Errors(err), len(tt.want))
		})
	}
}

// Errors unwrap to that of the module, and to what that unwraps to.
func TestErrorsUnwrap(t *testing.T) {
	_, err := httpspec.HTTPTransport(message[transportConfig](t, `{"maxConnsPerHost": "-1"}`))
	var own *httpx.Error
	require.ErrorAs(t, err, &own)
	assert.Equal(t, "MaxConnsPerHost", own.Field)

	_, err = httpspec.ReverseProxyConfig(t.Context(), message[specv1.HTTPReverseProxyConfig](t, `{"upgrades": {"protocols": ["h2c"]}}`))
	require.ErrorIs(t, err, errors.ErrUnsupported)

	_, err = httpspec.HTTP2Transport(message[http2Config](t, `{"tls": {"roots": {"from": [{"file": "/does/not/exist"}]}}, "pingTimeout": "-1s"}`))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "tls.roots.from[0]: ")
	require.ErrorContains(t, err, "ping_timeout: ")
}

// What is done to a message afterwards reaches nothing that was built of it.
func TestMessageIsNotKept(t *testing.T) {
	m := message[transportConfig](t, `{"proxyUrl": "http://a.test", "proxyConnectHeader": {"A": "b"}, "http2": {"maxReadFrameBytes": "65536"}, "protocols": ["http2"]}`)
	cfg, err := httpspec.TransportConfig(t.Context(), m)
	require.NoError(t, err)
	m.ProxyConnectHeader["A"], m.ProxyConnectHeader["C"] = "c", "d"
	*m.Http2.MaxReadFrameBytes = 1 << 20
	m.Protocols[0] = specv1.HTTPProtocol_http1
	assert.Equal(t, map[string][]string{"A": {"b"}}, map[string][]string(cfg.ProxyConnectHeader))
	assert.Equal(t, 65536, cfg.HTTP2.MaxReadFrameSize)
	assert.True(t, cfg.Protocols.HTTP2() && !cfg.Protocols.HTTP1())

	r := message[specv1.HTTPReverseProxyConfig](t, `{"target": "http://a.test", "upgrades": {"protocols": ["websocket"]}}`)
	proxy, err := httpspec.ReverseProxyConfig(t.Context(), r)
	require.NoError(t, err)
	r.Upgrades.Protocols[0] = "other"
	assert.Equal(t, []string{"websocket"}, proxy.Upgrades)
}

// An empty list is not the default one.
func TestEmptyLists(t *testing.T) {
	retry, err := httpspec.RetryConfig(t.Context(), message[specv1.HTTPRetryConfig](t, `{"statuses": {}}`))
	require.NoError(t, err)
	assert.Equal(t, []int{}, retry.Statuses)
	proxy, err := httpspec.ReverseProxyConfig(t.Context(), message[specv1.HTTPReverseProxyConfig](t, `{"upgrades": {}}`))
	require.NoError(t, err)
	assert.Equal(t, []string{}, proxy.Upgrades)
}
