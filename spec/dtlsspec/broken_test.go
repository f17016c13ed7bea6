package dtlsspec_test

import (
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/dtlsspec"
	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

func TestBrokenListenMessages(t *testing.T) {
	spectest.NoLeak(t)
	folder := t.TempDir()
	seconds := func(n int64) *durationpb.Duration { return &durationpb.Duration{Seconds: n} }
	for name, tt := range map[string]struct {
		change func(*specv1.DTLSListenConfig)
		want   string // one line for each error
	}{
		"address":        {func(m *specv1.DTLSListenConfig) { m.Address = nil }, `address: must be set`},
		"network":        {func(m *specv1.DTLSListenConfig) { m.Address = new("tcp://:1") }, `address: tcp://:1: unknown network tcp`},
		"nothing":        {func(m *specv1.DTLSListenConfig) { m.Dtls = nil }, `dtls.tls: is not set, and psk is not set either`},
		"no certificate": {func(m *specv1.DTLSListenConfig) { m.Dtls.Psk, m.Dtls.Tls = nil, clientTLS() }, `dtls.tls: a server needs Certificates, GetCertificate or PSK`},
		"tls itself": {
			func(m *specv1.DTLSListenConfig) { m.Dtls.Tls = &specv1.TLSConfig{MinVersion: new("1.4")} },
			`dtls.tls.min_version: "1.4": allowed are 1.0, 1.1, 1.2 and 1.3`,
		},
		"limits": {func(m *specv1.DTLSListenConfig) {
			m.MaxHandshakes, m.MaxConnsPerSource, m.MaxConns = new(int32(-1)), new(int32(-2)), new(int32(-3))
			m.SourceBits4, m.SourceBits6 = new(int32(33)), new(int32(129))
			m.IdleTimeout, m.ReceiveQueue = seconds(-1), new(int32(1<<20+1))
		}, `idle_timeout: -1s: must not be negative
max_conns: -3: must not be negative
max_conns_per_source: -2: must not be negative
max_handshakes: -1: must not be negative
receive_queue: 1048577: must be from 1 to 1048576, or 0
source_bits4: 33: must be from 1 to 32, or 0
source_bits6: 129: must be from 1 to 128, or 0`},
		"protocol": {func(m *specv1.DTLSListenConfig) {
			m.Dtls.ConnectionId, m.Dtls.MtuBytes, m.Dtls.ReplayWindow = new(int32(33)), new(int32(1)), new(int32(2))
			m.Dtls.RetransmitInterval, m.Dtls.HandshakeTimeout = seconds(61), seconds(-1)
			m.Dtls.ExtendedMasterSecret = specv1.DTLSConfig_ExtendedMasterSecret(259).Enum()
		}, `dtls.connection_id: 33: must be from -1 to 32, or 0
dtls.extended_master_secret: 259: is none of require, request, disable
dtls.handshake_timeout: -1s: must not be negative
dtls.mtu_bytes: 1: must be from 256 to 8192, or 0
dtls.replay_window: 2: must be from 32 to 65536, or 0
dtls.retransmit_interval: 1m1s: must be from 10ms to 1m0s, or 0`},
		"durations": {func(m *specv1.DTLSListenConfig) {
			m.IdleTimeout = &durationpb.Duration{Nanos: 2e9}
			m.Dtls.HandshakeTimeout = seconds(10_000_000_000)
		}, `dtls.handshake_timeout: "10000000000s": beyond what a duration can be, 292 years
idle_timeout: seconds=0, nanos=2000000000 is not a duration: seconds are within 10,000 years, nanos below 10^9, both of one sign`},
		"numbers": {func(m *specv1.DTLSListenConfig) {
			m.Dtls.CipherSuites = []specv1.DTLSConfig_CipherSuite{-1, 1 << 16}
			m.Dtls.Curves = []specv1.DTLSConfig_Curve{0}
		}, `dtls.cipher_suites[0]: -1: is not a number from 0 to 65535
dtls.cipher_suites[1]: 65536: is not a number from 0 to 65535
dtls.curves[0]: 0x0000: is not known, there are: x25519, secp256r1, secp384r1: unsupported operation`},
		"weak": {func(m *specv1.DTLSListenConfig) {
			m.Dtls.CipherSuites = []specv1.DTLSConfig_CipherSuite{
				specv1.DTLSConfig_TLS_PSK_WITH_AES_128_CBC_SHA256, specv1.DTLSConfig_TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
			}
			m.Dtls.SrtpProfiles = []specv1.DTLSConfig_SRTPProfile{specv1.DTLSConfig_SRTP_NULL_HMAC_SHA1_32}
		}, `dtls.cipher_suites[0]: TLS_PSK_WITH_AES_128_CBC_SHA256: is insecure and AllowInsecure is not set
dtls.cipher_suites[1]: TLS_ECDHE_ECDSA_WITH_AES_128_CCM: needs a certificate, there is only PSK
dtls.srtp_profiles[0]: SRTP_NULL_HMAC_SHA1_32: encrypts nothing and AllowInsecure is not set`},
		"lists twice": {func(m *specv1.DTLSListenConfig) {
			m.Dtls.Tls = &specv1.TLSConfig{
				CipherSuites: []specv1.CipherSuite{specv1.CipherSuite_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
				Curves:       []specv1.Curve{specv1.Curve_x25519},
			}
			m.Dtls.CipherSuites = []specv1.DTLSConfig_CipherSuite{specv1.DTLSConfig_TLS_PSK_WITH_AES_128_CCM}
			m.Dtls.Curves = []specv1.DTLSConfig_Curve{specv1.DTLSConfig_x25519}
		}, `dtls.tls.cipher_suites: has no effect: dtls.cipher_suites is set
dtls.tls.curves: has no effect: dtls.curves is set`},
		"sessions": {func(m *specv1.DTLSListenConfig) {
			m.Dtls.Sessions = &specv1.DTLSConfig_SessionCache{Size: new(int32(-1)), Lifetime: seconds(-1)}
		}, `dtls.sessions.lifetime: -1s: must not be negative
dtls.sessions.size: -1: must be from 1 to 1048576, or 0`},
		"no log": {func(m *specv1.DTLSListenConfig) {
			m.Dtls.KeyLogFile = new(folder)
		}, `dtls.key_log_file: ` + strconv.Quote(folder) + `: is there, and not a regular file`},
		"prefixes": {func(m *specv1.DTLSListenConfig) {
			m.Allow, m.Deny = []string{"10.0.0.0/33"}, []string{"192.0.2.1", "nobody"}
		}, `allow[0]: "10.0.0.0/33": netip.ParsePrefix("10.0.0.0/33"): prefix length out of range
deny[1]: "nobody": ParseAddr("nobody"): unable to parse IP`},
		"options": {func(m *specv1.DTLSListenConfig) {
			m.Options = map[string]*structpb.Value{"TCP_NODELAY": structpb.NewBoolValue(true), "SO_RCVBUF": structpb.NewNumberValue(65536)}
			m.Socket = &specv1.SockOption{Tcp: &specv1.SockTCPOption{Syncnt: new(int32(3))}}
		}, `options.TCP_NODELAY: "true": unsupported operation: only for tcp4 tcp6 mptcp
socket.tcp.syncnt: "3": unsupported operation: only for tcp4 tcp6`},
		"option value": {func(m *specv1.DTLSListenConfig) {
			m.Options = map[string]*structpb.Value{"SO_RCVBUF": structpb.NewStringValue("much")}
		}, `options.SO_RCVBUF: "much": invalid argument: want 1..2147483647 byte`},
		"keys": {func(m *specv1.DTLSListenConfig) {
			m.Dtls.Psk = &specv1.DTLSConfig_PSK{Keys: map[string]*specv1.DataSource{
				"a": text("xyz"), "b": {}, "c": env("STRATA_TEST_NO_KEY"), "d": text(strings.Repeat("00", 1025)), "e": text("01"), "f": nil,
			}, KeysFrom: text("e:02\nnothing\n:\n")}
		}, `dtls.psk.keys.a: is no key in hexadecimal
dtls.psk.keys.b: is empty: want file, env or text
dtls.psk.keys.c: "$STRATA_TEST_NO_KEY": environment variable is not set, or empty
dtls.psk.keys.d: is not a key of 1 to 1024 bytes
dtls.psk.keys.f: is empty: want file, env or text
dtls.psk.keys_from: line 1 has a key already
dtls.psk.keys_from: line 2 has no colon between identity and key
dtls.psk.keys_from: line 3 is not a key of 1 to 1024 bytes`},
		"no keys": {func(m *specv1.DTLSListenConfig) {
			m.Dtls.Psk = &specv1.DTLSConfig_PSK{KeysFrom: text("# none\n")}
		}, `dtls.psk: has no key: set keys or keys_from`},
		"hint": {func(m *specv1.DTLSListenConfig) {
			m.Dtls.Psk.Hint = new(strings.Repeat("h", 40000))
		}, `dtls.psk.hint: has 40000 bytes, more than 32768`},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS != "linux" && strings.HasPrefix(name, "option") {
				t.Skip("which options there are, and how far they go, is that of Linux here")
			}
			m := &specv1.DTLSListenConfig{Address: new("127.0.0.1:0"), Dtls: &specv1.DTLSConfig{Psk: psk(nil)}}
			tt.change(m)
			before := proto.CloneOf(m)
			_, err := dtlsspec.NewListenerFromSpec(m)
			assert.Equal(t, tt.want, lines(err))
			assert.True(t, proto.Equal(before, m))
		})
	}
}

// lines are the errors in order, since dtlsx looks at some fields in none.
func lines(err error) string {
	var all []string
	for _, e := range spec.Errors(err) {
		all = append(all, e.Error())
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func TestBrokenDialMessages(t *testing.T) {
	spectest.NoLeak(t)
	for name, tt := range map[string]struct {
		m    *specv1.DTLSDialConfig
		want string
	}{
		"own fields": {&specv1.DTLSDialConfig{
			LocalAddr: new("localhost:1"), Timeout: durationpb.New(-time.Second),
			FallbackDelay: &durationpb.Duration{Seconds: 1, Nanos: -1},
		}, `fallback_delay: seconds=1, nanos=-1 is not a duration: seconds are within 10,000 years, nanos below 10^9, both of one sign
local_addr: localhost:1: must be an IP literal, alone or with a port
timeout: -1s: must not be negative`},
		"no identity": {
			&specv1.DTLSDialConfig{Dtls: &specv1.DTLSConfig{Psk: psk(nil)}},
			`dtls.psk.identity: has 0 bytes, must have 1 to 32768`,
		},
		"other identity": {
			&specv1.DTLSDialConfig{Dtls: &specv1.DTLSConfig{Psk: psk(new("x"))}},
			`dtls.psk.identity: "x": has no key in keys or keys_from`,
		},
		"certificates with psk": {
			&specv1.DTLSDialConfig{Dtls: &specv1.DTLSConfig{Psk: psk(new("sensor-7")), Tls: clientTLS()}},
			`dtls.tls.roots: a client with PSK uses no certificates`,
		},
		"no variable": {&specv1.DTLSDialConfig{Dtls: &specv1.DTLSConfig{
			Psk: &specv1.DTLSConfig_PSK{Identity: new("x"), KeysFrom: env("STRATA_TEST_NO_KEY")},
		}}, `dtls.psk.keys_from: "$STRATA_TEST_NO_KEY": environment variable is not set, or empty`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dtlsspec.DialConfig(t.Context(), tt.m)
			assert.Equal(t, tt.want, lines(err))
			_, err = dtlsspec.NewDialerFromSpec(tt.m)
			assert.Equal(t, tt.want, lines(err))
		})
	}
}

// Errors unwrap to those of the modules and of the system.
func TestErrorsUnwrap(t *testing.T) {
	_, err := dtlsspec.NewDialerFromSpec(&specv1.DTLSDialConfig{
		Timeout: durationpb.New(-1), Options: map[string]*structpb.Value{"TCP_NODELAY": structpb.NewBoolValue(true)},
		Dtls: &specv1.DTLSConfig{Psk: &specv1.DTLSConfig_PSK{Identity: new("x"), KeysFrom: file("/nowhere/keys")}},
	})
	var d *dtlsx.Error
	require.ErrorAs(t, err, &d)
	assert.Equal(t, "Timeout", d.Field)
	var o *sockopt.Error
	require.ErrorAs(t, err, &o)
	assert.Equal(t, "TCP_NODELAY", o.Option)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// A nil listener is an error, a nil dialer one with the system's CAs.
func TestNil(t *testing.T) {
	spectest.NoLeak(t)
	_, err := dtlsspec.NewListenerFromSpec(nil)
	require.EqualError(t, err, "there is no message: a listener needs address, and a certificate or psk in dtls")
	var e *spec.Error
	require.ErrorAs(t, err, &e)
	cfg, err := dtlsspec.DialConfig(t.Context(), nil)
	require.NoError(t, err)
	assert.Nil(t, cfg.TLS.RootCAs)
	assert.False(t, cfg.TLS.InsecureSkipVerify)
	_, err = dtlsspec.NewDialerFromSpec(nil)
	require.NoError(t, err)
	l := listen(t, &specv1.DTLSConfig{Tls: serverTLS(t)})
	_, err = dial(t, l, nil)
	assert.ErrorContains(t, err, "unknown authority")
}

// A listener that cannot be opened leaves nothing behind, and says what dtlsx says.
func TestAddressInUse(t *testing.T) {
	spectest.NoLeak(t)
	m := serverTLS(t)
	key := secret(t, m.GetCertificates()[0].GetKey().GetText())
	first := listen(t, &specv1.DTLSConfig{Psk: psk(nil)})
	m.Certificates[0].Key, m.Reload = file(key), &specv1.TLSConfig_Reload{}
	_, err := dtlsspec.NewListenerFromSpec(&specv1.DTLSListenConfig{
		Address: new(first.Addr().String()), Dtls: &specv1.DTLSConfig{Tls: m},
	})
	var e *dtlsx.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "listen", e.Op)
}

// What is changed in the message afterwards has no effect.
func TestMessageIsNotKept(t *testing.T) {
	m := &specv1.DTLSDialConfig{Dtls: &specv1.DTLSConfig{
		Psk: psk(new("sensor-7")), CipherSuites: []specv1.DTLSConfig_CipherSuite{specv1.DTLSConfig_TLS_PSK_WITH_AES_128_CCM},
	}}
	cfg, err := dtlsspec.DialConfig(t.Context(), m)
	require.NoError(t, err)
	m.Dtls.CipherSuites[0] = specv1.DTLSConfig_TLS_PSK_WITH_AES_128_CCM_8
	m.Dtls.Psk.Identity = new("other")
	m.Dtls.Psk.Keys["sensor-7"] = text("ff")
	assert.Equal(t, "TLS_PSK_WITH_AES_128_CCM", dtlsx.CipherSuiteName(cfg.CipherSuites[0]))
	assert.Equal(t, "sensor-7", string(cfg.PSK.Identity))
	key, err := cfg.PSK.Key(nil)
	require.NoError(t, err)
	assert.Equal(t, []byte{1, 2, 0xf0, 0x0d}, key)
	key[0] = 9
	key, err = cfg.PSK.Key(nil)
	require.NoError(t, err)
	assert.Equal(t, byte(1), key[0])
}
