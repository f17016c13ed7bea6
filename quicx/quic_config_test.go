package quicx_test

import (
	"crypto/tls"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

func TestQUICFields(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config quic.Config
		want   []string
	}{
		{"zero", quic.Config{}, nil},
		{"versions", quic.Config{Versions: []quic.Version{quic.Version2, 7, quic.Version2}}, []string{
			"QUIC.Versions[1]=0x7: allowed: [v1 v2]", "QUIC.Versions[2]=v2: is there twice",
		}},
		{"negative times", quic.Config{HandshakeIdleTimeout: -1, MaxIdleTimeout: -2, KeepAlivePeriod: -3}, []string{
			"QUIC.HandshakeIdleTimeout=-1ns: must not be negative",
			"QUIC.MaxIdleTimeout=-2ns: must not be negative",
			"QUIC.KeepAlivePeriod=-3ns: must not be negative",
		}},
		{"handshake that overflows", quic.Config{HandshakeIdleTimeout: math.MaxInt64}, []string{
			"QUIC.HandshakeIdleTimeout=2562047h47m16.854775807s: must be at most",
		}},
		{"idle time that the peer takes for none", quic.Config{MaxIdleTimeout: time.Microsecond}, []string{
			"QUIC.MaxIdleTimeout=1µs: must be at least 1ms",
		}},
		{"keep-alive that is cut", quic.Config{KeepAlivePeriod: 20 * time.Second}, []string{
			"QUIC.KeepAlivePeriod=20s: must be at most 15s, half of MaxIdleTimeout",
		}},
		{"keep-alive", quic.Config{KeepAlivePeriod: 20 * time.Second, MaxIdleTimeout: time.Minute}, nil},
		{"windows above varint", quic.Config{
			InitialStreamReceiveWindow: 1 << 62, MaxStreamReceiveWindow: 1 << 63,
			InitialConnectionReceiveWindow: 1 << 62, MaxConnectionReceiveWindow: math.MaxUint64,
		}, []string{
			"QUIC.InitialStreamReceiveWindow=4611686018427387904: must be at most 4611686018427387903 bytes",
			"QUIC.MaxStreamReceiveWindow=9223372036854775808: must be at most",
			"QUIC.InitialConnectionReceiveWindow=4611686018427387904: must be at most",
			"QUIC.MaxConnectionReceiveWindow=18446744073709551615: must be at most",
		}},
		{"maximum below the start", quic.Config{MaxStreamReceiveWindow: 1000, MaxConnectionReceiveWindow: 2000}, []string{
			"QUIC.MaxStreamReceiveWindow=1000: must be at least 524288 bytes",
			"QUIC.MaxConnectionReceiveWindow=2000: must be at least 524288 bytes",
		}},
		{"start above the default maximum", quic.Config{InitialStreamReceiveWindow: 100 << 20}, nil},
		{"streams", quic.Config{MaxIncomingStreams: -2, MaxIncomingUniStreams: 1<<60 + 1}, []string{
			"QUIC.MaxIncomingStreams=-2: must be from 0", "QUIC.MaxIncomingUniStreams=1152921504606846977: must be from 0",
		}},
		{"no streams", quic.Config{MaxIncomingStreams: -1, MaxIncomingUniStreams: -1}, nil},
		{"small packets", quic.Config{InitialPacketSize: 1199}, []string{"QUIC.InitialPacketSize=1199: must be 0"}},
		{"large packets", quic.Config{InitialPacketSize: 1453}, []string{"QUIC.InitialPacketSize=1453: must be 0"}},
		{"packets", quic.Config{InitialPacketSize: 1452}, nil},
		{"listeners' fields", quic.Config{
			Allow0RTT: true, GetConfigForClient: func(*quic.ClientInfo) (*quic.Config, error) { return nil, nil },
		}, []string{"QUIC.Allow0RTT: is for listeners only", "QUIC.GetConfigForClient: is for listeners only"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := tt.config
			_, err := quicx.NewDialer(&quicx.DialConfig{TLS: trusting(), QUIC: &tt.config})
			if len(tt.want) == 0 {
				require.NoError(t, err)
			} else {
				require.Error(t, err)
				assert.Len(t, strings.Split(err.Error(), "\n"), len(tt.want), err)
			}
			for _, want := range tt.want {
				assert.ErrorContains(t, err, "quicx: config: "+want)
			}
			assert.Equal(t, before.Versions, tt.config.Versions, "the caller's value stays")
			assert.Equal(t, before.MaxIdleTimeout, tt.config.MaxIdleTimeout)
		})
	}
}

// TestEveryFieldOfQUICIsKnown fails when quic-go has a field that nobody has thought about.
func TestEveryFieldOfQUICIsKnown(t *testing.T) {
	known := map[string]bool{
		"GetConfigForClient": true, "Versions": true, "HandshakeIdleTimeout": true, "MaxIdleTimeout": true,
		"TokenStore": true, "InitialStreamReceiveWindow": true, "MaxStreamReceiveWindow": true,
		"InitialConnectionReceiveWindow": true, "MaxConnectionReceiveWindow": true, "MaxIncomingStreams": true,
		"MaxIncomingUniStreams": true, "KeepAlivePeriod": true, "InitialPacketSize": true, "Allow0RTT": true, "Tracer": true,
		// Any value is one that quic-go takes.
		"AllowConnectionWindowIncrease": true, "RequireStreamCreditRelease": true, "DisablePathMTUDiscovery": true,
		"EnableDatagrams": true, "EnableStreamResetPartialDelivery": true,
	}
	for f := range reflect.TypeFor[quic.Config]().Fields() {
		assert.True(t, known[f.Name], f.Name)
		delete(known, f.Name)
	}
	assert.Empty(t, known)
}

func TestQUICDefaults(t *testing.T) {
	c, err := quicx.Prepared(nil, true)
	require.NoError(t, err)
	assert.Equal(t, 5*time.Second, c.HandshakeIdleTimeout)
	assert.Equal(t, 30*time.Second, c.MaxIdleTimeout)
	assert.EqualValues(t, 512<<10, c.InitialStreamReceiveWindow)
	assert.EqualValues(t, 6<<20, c.MaxStreamReceiveWindow)
	assert.EqualValues(t, 512<<10, c.InitialConnectionReceiveWindow)
	assert.EqualValues(t, 15<<20, c.MaxConnectionReceiveWindow)
	assert.EqualValues(t, 100, c.MaxIncomingStreams)
	assert.EqualValues(t, 100, c.MaxIncomingUniStreams)
	assert.EqualValues(t, 1232, c.InitialPacketSize)
	assert.Equal(t, quic.SupportedVersions(), c.Versions)

	c, err = quicx.Prepared(&quic.Config{InitialStreamReceiveWindow: 100 << 20}, true)
	require.NoError(t, err)
	assert.EqualValues(t, 100<<20, c.MaxStreamReceiveWindow)
}

func TestGetConfigForClientIsChecked(t *testing.T) {
	_, err := quicx.Prepared(&quic.Config{TokenStore: quic.NewLRUTokenStore(1, 1)}, true)
	require.ErrorContains(t, err, "QUIC.TokenStore: is for dialers only")

	var answer *quic.Config
	var refusal error
	own, err := quicx.Prepared(&quic.Config{
		MaxIncomingStreams: 7,
		GetConfigForClient: func(*quic.ClientInfo) (*quic.Config, error) { return answer, refusal },
	}, true)
	require.NoError(t, err)
	c, err := own.GetConfigForClient(nil)
	require.NoError(t, err)
	assert.EqualValues(t, 7, c.MaxIncomingStreams, "nil is the listener's own")

	answer = &quic.Config{MaxIncomingStreams: 8}
	c, err = own.GetConfigForClient(nil)
	require.NoError(t, err)
	assert.EqualValues(t, 8, c.MaxIncomingStreams)
	assert.Equal(t, 30*time.Second, c.MaxIdleTimeout)

	answer = &quic.Config{MaxIdleTimeout: -1}
	_, err = own.GetConfigForClient(nil)
	require.ErrorContains(t, err, "QUIC.MaxIdleTimeout=-1ns")

	refusal = assert.AnError
	_, err = own.GetConfigForClient(nil)
	require.ErrorIs(t, err, refusal)
}

func TestTLSFields(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config *tls.Config
		want   string
	}{
		{"none", nil, "TLS=nil: QUIC needs TLS"},
		{"no protocol", &tls.Config{}, "TLS.NextProtos: QUIC needs at least one protocol"},
		{"empty protocol", &tls.Config{NextProtos: []string{""}}, "TLS.NextProtos[0]: must have 1 to 255 bytes"},
		{"long protocol", &tls.Config{NextProtos: []string{strings.Repeat("x", 256)}}, "must have 1 to 255 bytes"},
		{"HTTP/2", &tls.Config{NextProtos: []string{"h3", "h2"}}, "TLS.NextProtos[1]=h2: is a protocol for TLS over TCP"},
		{"twice", &tls.Config{NextProtos: []string{"a", "a"}}, "TLS.NextProtos[1]=a: is there twice"},
		{"old", &tls.Config{NextProtos: []string{"a"}, MaxVersion: tls.VersionTLS12}, "TLS.MaxVersion=TLS 1.2: QUIC needs TLS 1.3"},
		{"too new", &tls.Config{NextProtos: []string{"a"}, MinVersion: 0x0305}, "TLS.MinVersion=0x0305: QUIC speaks TLS 1.3"},
		{"both", &tls.Config{NextProtos: []string{"a"}, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := quicx.NewDialer(&quicx.DialConfig{TLS: tt.config})
			if tt.want == "" {
				require.NoError(t, err)
				assert.Nil(t, tt.config.ClientSessionCache, "the caller's config stays")
				assert.EqualValues(t, tls.VersionTLS12, tt.config.MinVersion)
				return
			}
			require.ErrorContains(t, err, "quicx: config: TLS")
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestDialConfigFields(t *testing.T) {
	_, err := quicx.NewDialer(nil)
	require.ErrorContains(t, err, "TLS=nil: QUIC needs TLS")
	_, err = quicx.NewDialer(&quicx.DialConfig{
		TLS: trusting(), LocalAddr: "localhost:1", Timeout: -1, ReceiveBuffer: -1,
		QUIC: &quic.Config{TokenStore: quic.NewLRUTokenStore(1, 1)}, Tokens: quic.NewLRUTokenStore(1, 1),
	})
	for _, want := range []string{
		`LocalAddr=localhost:1: host "localhost" is not an IP literal`, "Timeout=-1ns: must not be negative",
		"ReceiveBuffer=-1: must not be negative", "Tokens: not together with QUIC.TokenStore",
	} {
		require.ErrorContains(t, err, want)
	}
	for _, bad := range []string{"nonsense", "127.0.0.1:x", "127.0.0.1:65536", "[fe80::1%a]b]:1", "[::1", "::1]", "127.0.0.1]", "["} {
		_, err = quicx.NewDialer(&quicx.DialConfig{TLS: trusting(), LocalAddr: bad})
		require.ErrorContains(t, err, "LocalAddr="+bad)
	}
	for _, good := range []string{"127.0.0.1", "[::1]", "::1", "[fe80::1%lo]:0", ":5000", "127.0.0.1:1"} {
		_, err = quicx.NewDialer(&quicx.DialConfig{TLS: trusting(), LocalAddr: good})
		require.NoError(t, err)
	}
}
