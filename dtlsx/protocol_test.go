package dtlsx_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// keys knows the keys of two identities.
func keys(identity []byte) ([]byte, error) {
	switch string(identity) {
	case "alice", "": // "" is a client without a hint
		return []byte("a key of sixteen"), nil
	case "bob":
		return []byte("another sixteen!"), nil
	}
	return nil, errors.New("nobody knows " + string(identity))
}

func pskDial(identity string) *dtlsx.DialConfig {
	return &dtlsx.DialConfig{Config: dtlsx.Config{PSK: &dtlsx.PSK{Identity: []byte(identity), Key: func([]byte) ([]byte, error) {
		return keys([]byte(identity))
	}}}}
}

// exchange sends a record each way.
func exchange(t *testing.T, a, b net.Conn) {
	t.Helper()
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		require.NoError(t, way[1].SetReadDeadline(time.Now().Add(time.Minute)))
		_, err := way[0].Write([]byte("a record"))
		require.NoError(t, err)
		buffer := make([]byte, 100)
		n, err := way[1].Read(buffer)
		require.NoError(t, err)
		assert.Equal(t, "a record", string(buffer[:n]))
	}
}

// Each cipher suite and each curve carries records, and is told.
func TestCipherSuites(t *testing.T) {
	noLeak(t)
	rsa := issue(t, &pki.Leaf{Names: []string{"127.0.0.1"}, Key: pki.RSA2048})
	for _, id := range append(dtlsx.CipherSuites(), dtlsx.InsecureCipherSuites()...) {
		name := dtlsx.CipherSuiteName(id)
		t.Run(name, func(t *testing.T) {
			s := &dtlsx.Config{TLS: serverTLS(t), CipherSuites: []uint16{id}, AllowInsecure: true}
			c := &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}}
			switch {
			case strings.Contains(name, "PSK"):
				s = &dtlsx.Config{PSK: &dtlsx.PSK{Key: keys, Hint: []byte("try alice")}, CipherSuites: []uint16{id}, AllowInsecure: true}
				c = pskDial("alice")
			case strings.Contains(name, "_RSA_"):
				s.TLS.Certificates = append(s.TLS.Certificates, rsa.TLS())
			}
			c.CipherSuites, c.AllowInsecure = []uint16{id}, true
			a, b := pair(t, s, c)
			exchange(t, a, b)
			assert.Equal(t, name, dtlsx.CipherSuiteName(a.ConnectionState().CipherSuite))
			assert.Equal(t, id, b.ConnectionState().CipherSuite)
			if ecdhe := strings.Contains(name, "ECDHE"); ecdhe {
				assert.Equal(t, tls.X25519, a.ConnectionState().Curve)
				assert.Equal(t, tls.X25519, b.ConnectionState().Curve)
			} else {
				assert.Zero(t, a.ConnectionState().Curve)
			}
			if strings.Contains(name, "PSK") {
				assert.Equal(t, "alice", string(b.ConnectionState().PSKIdentity))
				assert.Equal(t, "alice", string(a.ConnectionState().PSKIdentity))
				assert.Equal(t, "try alice", string(a.ConnectionState().PSKHint))
			}
		})
	}
}

func TestCurves(t *testing.T) {
	noLeak(t)
	for _, id := range []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384} {
		s := &dtlsx.Config{TLS: serverTLS(t)}
		c := &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS(), Curves: []tls.CurveID{id}}}
		a, b := pair(t, s, c)
		exchange(t, a, b)
		assert.Equal(t, id, a.ConnectionState().Curve)
		assert.Equal(t, id, b.ConnectionState().Curve)
	}
}

// attempt dials a server and returns what both sides say.
func attempt(t *testing.T, s *dtlsx.Config, c *dtlsx.DialConfig) (client, server error) {
	t.Helper()
	address, accepted := shake(t, s)
	d, err := dtlsx.NewDialer(c)
	require.NoError(t, err)
	conn, client := d.DialContext(t.Context(), "udp", address)
	b, server := accepted()
	if client == nil {
		conn.Close()
	}
	if server == nil {
		b.Close()
	}
	return client, server
}

func requireAlert(t *testing.T, err error, code uint8, received bool) {
	t.Helper()
	var a *dtlsx.AlertError
	require.ErrorAs(t, err, &a)
	assert.Equal(t, code, a.Code, err.Error())
	assert.Equal(t, received, a.Received)
}

// Both sides name the alert, the one that sent it also why.
func TestAlerts(t *testing.T) {
	noLeak(t)
	other, err := pki.New(nil)
	require.NoError(t, err)
	tlsOf := func(change func(*tls.Config)) *dtlsx.DialConfig {
		c := clientTLS()
		change(c)
		return &dtlsx.DialConfig{Config: dtlsx.Config{TLS: c}}
	}
	nope := errors.New("nope")
	for name, test := range map[string]struct {
		server func(*dtlsx.Config)
		client *dtlsx.DialConfig
		code   uint8
		byUs   bool // the client sends it
		cause  string
	}{
		"unknown authority": {client: tlsOf(func(c *tls.Config) { c.RootCAs = other.Pool() }), code: 42, byUs: true, cause: "unknown authority"},
		"system's roots":    {client: tlsOf(func(c *tls.Config) { c.RootCAs = nil }), code: 42, byUs: true, cause: "x509"},
		"wrong name":        {client: tlsOf(func(c *tls.Config) { c.ServerName = "example.com" }), code: 42, byUs: true, cause: "example.com"},
		"VerifyConnection":  {client: tlsOf(func(c *tls.Config) { c.VerifyConnection = func(tls.ConnectionState) error { return nope } }), code: 42, byUs: true, cause: "nope"},
		"VerifyPeer": {client: tlsOf(func(c *tls.Config) {
			c.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error { return nope }
		}), code: 42, byUs: true, cause: "nope"},
		"no ALPN in common":    {server: func(c *dtlsx.Config) { c.TLS.NextProtos = []string{"a"} }, client: tlsOf(func(c *tls.Config) { c.NextProtos = []string{"b"} }), code: 120},
		"client certificate":   {server: func(c *dtlsx.Config) { c.TLS.ClientAuth = tls.RequireAnyClientCert }, client: tlsOf(func(*tls.Config) {}), code: 41},
		"no suite in common":   {server: func(c *dtlsx.Config) { c.CipherSuites = dtlsx.DefaultCipherSuites(false)[2:3] }, client: &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS(), CipherSuites: dtlsx.DefaultCipherSuites(false)[:1]}}, code: 71},
		"no extended master":   {client: &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS(), ExtendedMasterSecret: dtlsx.DisableExtendedMasterSecret}}, code: 71},
		"SRTP not in common":   {server: func(c *dtlsx.Config) { c.SRTPProfiles = []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM} }, client: &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS(), SRTPProfiles: []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_256_GCM}}}, code: 71},
		"SRTP not had":         {client: &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS(), SRTPProfiles: []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_256_GCM}}}, code: 71},
		"unknown PSK identity": {server: func(c *dtlsx.Config) { c.TLS, c.PSK = nil, &dtlsx.PSK{Key: keys} }, client: &dtlsx.DialConfig{Config: dtlsx.Config{PSK: &dtlsx.PSK{Identity: []byte("eve"), Key: key}}}, code: 80},
		"empty key":            {server: func(c *dtlsx.Config) { c.TLS, c.PSK = nil, &dtlsx.PSK{Key: keys} }, client: &dtlsx.DialConfig{Config: dtlsx.Config{PSK: &dtlsx.PSK{Identity: []byte("bob"), Key: func([]byte) ([]byte, error) { return nil, nil }}}}, code: 80, byUs: true, cause: "empty key"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &dtlsx.Config{TLS: serverTLS(t)}
			if test.server != nil {
				test.server(s)
			}
			client, server := attempt(t, s, test.client)
			us, them := client, server
			if !test.byUs {
				us, them = server, client
			}
			requireAlert(t, us, test.code, false)
			assert.Contains(t, us.Error(), test.cause)
			assert.Contains(t, us.Error(), ": sent alert "+dtlsx.AlertName(test.code))
			requireAlert(t, them, test.code, true)
			assert.Contains(t, them.Error(), "peer sent alert "+dtlsx.AlertName(test.code))
			var e *dtlsx.Error
			require.ErrorAs(t, client, &e)
			assert.False(t, e.Timeout())
		})
	}
}

// A wrong key shows as records that cannot be read, and the handshake times out.
func TestWrongKey(t *testing.T) {
	noLeak(t)
	s := &dtlsx.Config{PSK: &dtlsx.PSK{Key: keys}, HandshakeTimeout: time.Second}
	c := pskDial("alice")
	c.PSK.Key = func([]byte) ([]byte, error) { return []byte("not the right key"), nil }
	c.HandshakeTimeout = time.Second
	client, server := attempt(t, s, c)
	for _, err := range []error{client, server} {
		var e *dtlsx.Error
		require.ErrorAs(t, err, &e)
		assert.True(t, e.Timeout(), err.Error())
	}
}

// The modes of ClientAuth mean what they mean in crypto/tls.
func TestClientAuth(t *testing.T) {
	noLeak(t)
	stranger, err := pki.New(nil)
	require.NoError(t, err)
	good := issue(t, &pki.Leaf{Names: []string{"client"}}).TLS()
	strange, err := stranger.Issue(&pki.Leaf{Names: []string{"client"}})
	require.NoError(t, err)
	for _, test := range []struct {
		mode                tls.ClientAuthType
		none, good, strange bool
	}{
		{tls.NoClientCert, true, true, true},
		{tls.RequestClientCert, true, true, true},
		{tls.RequireAnyClientCert, false, true, true},
		{tls.VerifyClientCertIfGiven, true, true, false},
		{tls.RequireAndVerifyClientCert, false, true, false},
	} {
		for who, c := range map[string]struct {
			cert tls.Certificate
			ok   bool
		}{"none": {tls.Certificate{}, test.none}, "good": {good, test.good}, "strange": {strange.TLS(), test.strange}} {
			t.Run(test.mode.String()+" "+who, func(t *testing.T) {
				s := serverTLS(t)
				s.ClientAuth, s.ClientCAs = test.mode, authority().Pool()
				config := clientTLS()
				config.GetClientCertificate = func(r *tls.CertificateRequestInfo) (*tls.Certificate, error) {
					assert.NotEmpty(t, r.SignatureSchemes)
					return &c.cert, nil
				}
				client, server := attempt(t, &dtlsx.Config{TLS: s}, &dtlsx.DialConfig{Config: dtlsx.Config{TLS: config}})
				if c.ok {
					require.NoError(t, client)
					require.NoError(t, server)
				} else {
					requireAlert(t, server, server.(*dtlsx.Error).Err.(*dtlsx.AlertError).Code, false)
					require.Error(t, client)
				}
			})
		}
	}
}

// The server's callbacks are told who asks, and VerifyConnection on both sides
// what was agreed on.
func TestCallbacks(t *testing.T) {
	noLeak(t)
	s := &tls.Config{NextProtos: []string{"coap"}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority().Pool()}
	cert := issue(t, &pki.Leaf{Names: []string{"localhost"}}).TLS()
	s.GetCertificate = func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		assert.Equal(t, "localhost", h.ServerName)
		assert.NoError(t, h.SupportsCertificate(&cert))
		assert.NotEmpty(t, h.Conn.RemoteAddr().String())
		assert.NotEmpty(t, h.Conn.LocalAddr().String())
		for _, err := range []error{
			second(h.Conn.Read(nil)), second(h.Conn.Write(nil)), h.Conn.Close(), h.Conn.SetDeadline(time.Time{}),
			h.Conn.SetReadDeadline(time.Time{}), h.Conn.SetWriteDeadline(time.Time{}),
		} {
			assert.ErrorIs(t, err, errors.ErrUnsupported)
		}
		return &cert, nil
	}
	var mu sync.Mutex
	seen := make(map[string]tls.ConnectionState)
	verify := func(who string) func(tls.ConnectionState) error {
		return func(cs tls.ConnectionState) error {
			mu.Lock()
			defer mu.Unlock()
			seen[who] = cs
			return nil
		}
	}
	s.VerifyConnection = verify("server")
	c := clientTLS()
	c.ServerName, c.NextProtos, c.Certificates = "localhost", []string{"x", "coap"}, []tls.Certificate{issue(t, &pki.Leaf{Names: []string{"me"}}).TLS()}
	c.VerifyConnection = verify("client")
	a, b := pair(t, &dtlsx.Config{TLS: s}, &dtlsx.DialConfig{Config: dtlsx.Config{TLS: c}})
	exchange(t, a, b)
	for _, who := range []string{"client", "server"} {
		cs := seen[who]
		assert.Equal(t, "coap", cs.NegotiatedProtocol, who)
		assert.Equal(t, "localhost", cs.ServerName, who)
		assert.Len(t, cs.VerifiedChains, 1, who)
		assert.NotEmpty(t, cs.PeerCertificates, who)
		assert.Equal(t, uint16(dtls.VersionDTLS12), cs.Version)
		assert.Equal(t, tls.X25519, cs.CurveID)
	}
	state := b.ConnectionState()
	assert.Equal(t, "me", state.PeerCertificates[0].Subject.CommonName)
	assert.Equal(t, "localhost", state.ServerName)
}

// The certificate that has the name is chosen, and among two of that name the one
// whose key the client's suites can use.
func TestCertificateChoice(t *testing.T) {
	noLeak(t)
	s := &tls.Config{Certificates: []tls.Certificate{
		issue(t, &pki.Leaf{Names: []string{"one.test"}}).TLS(), issue(t, &pki.Leaf{Names: []string{"two.test"}}).TLS(),
		issue(t, &pki.Leaf{Names: []string{"*.wild.test"}}).TLS(), issue(t, &pki.Leaf{Names: []string{"two.test"}, Key: pki.RSA2048}).TLS(),
	}}
	for i := range s.Certificates {
		s.Certificates[i].Leaf = nil
	}
	rsa, err := dtlsx.ParseCipherSuite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
	require.NoError(t, err)
	for name, suites := range map[string][]uint16{"one.test": nil, "two.test": nil, "x.wild.test": nil, "TWO.test": {rsa}} {
		c := clientTLS()
		c.ServerName = name
		a, b := pair(t, &dtlsx.Config{TLS: s}, &dtlsx.DialConfig{Config: dtlsx.Config{TLS: c, CipherSuites: suites}})
		exchange(t, a, b)
	}
	for i := range s.Certificates {
		assert.Nil(t, s.Certificates[i].Leaf, "the caller's was changed")
	}
}

func TestConnectionIDs(t *testing.T) {
	noLeak(t)
	for name, test := range map[string]struct {
		client, server dtlsx.ConnectionID
		sent, received int // lengths, of the client
	}{
		"off":        {0, 0, 0, 0},
		"server's":   {dtlsx.SendConnectionID, 8, 8, 0},
		"both":       {4, 20, 20, 4},
		"client's":   {32, dtlsx.SendConnectionID, 0, 32},
		"not wanted": {8, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, &dtlsx.Config{TLS: serverTLS(t), ConnectionID: test.server},
				&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS(), ConnectionID: test.client}})
			exchange(t, a, b)
			cs, ss := a.ConnectionState(), b.ConnectionState()
			assert.Len(t, cs.RemoteConnectionID, test.sent)
			assert.Len(t, cs.LocalConnectionID, test.received)
			assert.Len(t, ss.RemoteConnectionID, len(cs.LocalConnectionID))
			assert.True(t, bytes.Equal(cs.LocalConnectionID, ss.RemoteConnectionID))
			assert.True(t, bytes.Equal(cs.RemoteConnectionID, ss.LocalConnectionID))
		})
	}
}

func TestSRTPAndExporter(t *testing.T) {
	noLeak(t)
	profiles := []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AEAD_AES_128_GCM}
	a, b := pair(t, &dtlsx.Config{TLS: serverTLS(t), SRTPProfiles: profiles[1:]},
		&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS(), SRTPProfiles: profiles}})
	assert.Equal(t, dtls.SRTP_AEAD_AES_128_GCM, a.ConnectionState().SRTPProfile)
	assert.Equal(t, dtls.SRTP_AEAD_AES_128_GCM, b.ConnectionState().SRTPProfile)
	x, err := a.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", 56)
	require.NoError(t, err)
	y, err := b.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", 56)
	require.NoError(t, err)
	assert.Equal(t, x, y)
	assert.Len(t, x, 56)
	for _, length := range []int{-1, 0, 1 << 20} {
		_, err = a.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", length)
		require.ErrorContains(t, err, "length")
	}
	_, err = a.ExportKeyingMaterial("master secret", 10)
	require.ErrorContains(t, err, "reserved")
}

func TestKeyLog(t *testing.T) {
	noLeak(t)
	var explicit, carried bytes.Buffer
	c := clientTLS()
	c.KeyLogWriter = &carried
	pair(t, &dtlsx.Config{TLS: serverTLS(t), KeyLog: &explicit}, &dtlsx.DialConfig{Config: dtlsx.Config{TLS: c}})
	assert.True(t, strings.HasPrefix(carried.String(), "CLIENT_RANDOM "))
	assert.Equal(t, carried.String(), explicit.String())
}

// A server's TLS.CipherSuites hold beside PSK too, whose suites crypto/tls has no names for.
func TestSuitesOfTLSBesidePSK(t *testing.T) {
	noLeak(t)
	config := serverTLS(t)
	config.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}
	s := &dtlsx.Config{TLS: config, PSK: &dtlsx.PSK{Key: keys}}
	a, b := pair(t, s, &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}})
	exchange(t, a, b)
	assert.Equal(t, config.CipherSuites[0], b.ConnectionState().CipherSuite)
	a, b = pair(t, s, pskDial("alice"))
	exchange(t, a, b)
	assert.Equal(t, "alice", string(b.ConnectionState().PSKIdentity))

	// Those for PSK that are there are the ones.
	config.CipherSuites = append(config.CipherSuites, dtlsx.DefaultCipherSuites(true)[2])
	a, b = pair(t, s, pskDial("alice"))
	exchange(t, a, b)
	assert.Equal(t, config.CipherSuites[1], b.ConnectionState().CipherSuite)
}
