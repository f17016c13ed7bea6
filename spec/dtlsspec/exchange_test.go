package dtlsspec_test

import (
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
	"github.com/strata-net/strata/spec/dtlsspec"
	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

func TestExchangeWithCertificates(t *testing.T) {
	spectest.NoLeak(t)
	server := &specv1.DTLSConfig{
		Tls: serverTLS(t), ConnectionId: new(int32(8)),
		SrtpProfiles: []specv1.DTLSConfig_SRTPProfile{specv1.DTLSConfig_SRTP_AEAD_AES_256_GCM},
		Curves:       []specv1.DTLSConfig_Curve{specv1.DTLSConfig_secp384r1},
	}
	server.Tls.Alpn = []string{"coap"}
	client := proto.CloneOf(server)
	client.Tls, client.ConnectionId = clientTLS(), new(int32(-1))
	client.Tls.Alpn = []string{"coap"}
	c, s := connect(t, server, client)
	state := c.ConnectionState()
	assert.Equal(t, "coap", state.NegotiatedProtocol)
	assert.Equal(t, "secp384r1", dtlsx.CurveName(state.Curve))
	assert.Equal(t, "SRTP_AEAD_AES_256_GCM", dtlsx.SRTPProfileName(state.SRTPProfile))
	assert.Len(t, s.ConnectionState().LocalConnectionID, 8)
	assert.Len(t, state.VerifiedChains, 1)
}

// Every cipher suite of the schema makes a conn, also those that crypto/tls lacks.
func TestExchangeCipherSuites(t *testing.T) {
	spectest.NoLeak(t)
	rsa := &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{rsaPair(t)}}
	for number, name := range specv1.DTLSConfig_CipherSuite_name {
		suite := specv1.DTLSConfig_CipherSuite(number)
		if number == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			server := &specv1.DTLSConfig{
				CipherSuites: []specv1.DTLSConfig_CipherSuite{suite}, AllowInsecure: new(true),
			}
			client := proto.CloneOf(server)
			switch {
			case strings.Contains(name, "_PSK_"):
				server.Psk, client.Psk = psk(nil), psk(new("sensor-7"))
			case strings.Contains(name, "_RSA_"):
				server.Tls, client.Tls = rsa, clientTLS()
			default:
				server.Tls, client.Tls = serverTLS(t), clientTLS()
			}
			c, _ := connect(t, server, client)
			assert.EqualValues(t, number, c.ConnectionState().CipherSuite)
		})
	}
}

// A session goes on in the next conn, as long as its lifetime says.
func TestExchangeSessions(t *testing.T) {
	spectest.NoLeak(t)
	sessions := &specv1.DTLSConfig_SessionCache{Size: new(int32(4)), Lifetime: durationpb.New(time.Hour)}
	l := listen(t, &specv1.DTLSConfig{Tls: serverTLS(t), Sessions: sessions})
	d, err := dtlsspec.NewDialerFromSpec(&specv1.DTLSDialConfig{Dtls: &specv1.DTLSConfig{Tls: clientTLS(), Sessions: sessions}})
	require.NoError(t, err)
	for _, resumed := range []bool{false, true} {
		c, err := d.Dial("udp", l.Addr().String())
		require.NoError(t, err)
		s, err := l.Accept()
		require.NoError(t, err)
		assert.Equal(t, resumed, c.(*dtlsx.Conn).ConnectionState().Resumed)
		require.NoError(t, c.Close())
		require.NoError(t, s.Close())
	}
}

// Options are in the kernel, on both sides.
func TestExchangeOptions(t *testing.T) {
	spectest.NoLeak(t)
	ttl := map[string]*structpb.Value{"IP_TTL": structpb.NewNumberValue(33)}
	l, err := dtlsspec.NewListenerFromSpec(&specv1.DTLSListenConfig{
		Address: new("udp4://127.0.0.1:0"), Options: ttl, Dtls: &specv1.DTLSConfig{Psk: psk(nil)},
	})
	require.NoError(t, err)
	defer l.Close()
	got, err := sockopt.IPTTL.Get(l.(*dtlsspec.Listener))
	require.NoError(t, err)
	assert.Equal(t, 33, got)
	d, err := dtlsspec.NewDialerFromSpec(&specv1.DTLSDialConfig{
		Options: ttl, LocalAddr: new("127.0.0.1"), Dtls: &specv1.DTLSConfig{Psk: psk(new("sensor-7"))},
	})
	require.NoError(t, err)
	c, err := d.Dial("udp4", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	got, err = sockopt.IPTTL.Get(c.(*dtlsx.Conn))
	require.NoError(t, err)
	assert.Equal(t, 33, got)
}

// A listener keeps what that of dtlsx has.
func TestListenerMethods(t *testing.T) {
	spectest.NoLeak(t)
	l := listen(t, &specv1.DTLSConfig{Psk: psk(nil)})
	c, s := meet(t, l, &specv1.DTLSConfig{Psk: psk(new("sensor-7"))})
	assert.EqualValues(t, 1, l.Stats().Accepted)
	require.NoError(t, c.Close())
	require.NoError(t, s.Close())
	require.NoError(t, l.Shutdown(t.Context()))
	_, err := l.Accept()
	require.Error(t, err)
}

// A key that is not known is refused.
func TestExchangeUnknownIdentity(t *testing.T) {
	spectest.NoLeak(t)
	client := &specv1.DTLSConfig{Psk: &specv1.DTLSConfig_PSK{
		Identity: new("stranger"), KeysFrom: text("stranger:0102f00d"),
	}}
	assert.ErrorContains(t, refused(t, &specv1.DTLSConfig{Psk: psk(nil)}, client), "handshake")
}
