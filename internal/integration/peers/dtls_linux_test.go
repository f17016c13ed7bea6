package peers_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// patient is for machines that are busy: handshakes with programs take long there.
const patient = 20 * time.Second

// leaf is a certificate of the authority for this process, and its files for a
// program.
func (a *authority) leaf(t *testing.T, l *pki.Leaf) (cert tls.Certificate, files []string) {
	t.Helper()
	c, err := a.Issue(l)
	require.NoError(t, err)
	chain, key, err := c.Write(a.dir, fmt.Sprintf("%s-%s", c.Leaf().SerialNumber.Text(16), l.Key))
	require.NoError(t, err)
	return c.TLS(), []string{chain, key}
}

// serves is the part of a server with an ECDSA and an RSA certificate for localhost.
func (a *authority) serves(t *testing.T) *tls.Config {
	t.Helper()
	ecdsa, _ := a.leaf(t, &pki.Leaf{Names: []string{"localhost"}})
	rsa, _ := a.leaf(t, &pki.Leaf{Names: []string{"localhost"}, Key: pki.RSA2048})
	return &tls.Config{Certificates: []tls.Certificate{ecdsa, rsa}}
}

// trusts is the part of a client that takes the authority's certificates for localhost.
func (a *authority) trusts() *tls.Config {
	return &tls.Config{RootCAs: a.Pool(), ServerName: "localhost"}
}

// psk is a key by identity.
func psk(identity string, key []byte) func([]byte) ([]byte, error) {
	return func(got []byte) ([]byte, error) {
		if string(got) != identity {
			return nil, fmt.Errorf("nobody is called %q", got)
		}
		return key, nil
	}
}

// A dtlsServer is a listener whose conns one function serves.
type dtlsServer struct {
	*dtlsx.Listener

	address string
	agreed  chan string      // what was agreed on with each client
	events  chan dtlsx.Event // of handshakes that failed
}

// serveDTLS serves until the test ends.
func serveDTLS(t *testing.T, cfg dtlsx.ListenConfig, serve func(*dtlsx.Conn)) *dtlsServer {
	t.Helper()
	s := &dtlsServer{agreed: make(chan string, 1000), events: make(chan dtlsx.Event, 1000)}
	if cfg.Address == "" {
		cfg.Address = "127.0.0.1:0"
	}
	if cfg.HandshakeTimeout == 0 {
		cfg.HandshakeTimeout = patient
	}
	cfg.OnEvent = func(e dtlsx.Event) { s.events <- e }
	l, err := dtlsx.NewListener(t.Context(), &cfg)
	require.NoError(t, err)
	s.Listener, s.address = l.(*dtlsx.Listener), l.Addr().String()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			wg.Go(func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(patient))
				s.agreed <- describe(c.(*dtlsx.Conn))
				serve(c.(*dtlsx.Conn))
			})
		}
	})
	t.Cleanup(func() {
		over, cancel := context.WithCancel(context.Background())
		cancel() // a program that was killed does not close its conn
		s.Shutdown(over)
		wg.Wait()
	})
	return s
}

// failure is why a handshake failed.
func (s *dtlsServer) failure(t *testing.T) error {
	t.Helper()
	select {
	case e := <-s.events:
		return e.Err
	case <-time.After(patient):
		require.Fail(t, "no handshake has failed")
		return nil
	}
}

// tell says what was agreed on and closes: the client sees a close_notify.
func tell(c *dtlsx.Conn) { fmt.Fprintf(c, "agreed: %s\n", describe(c)) }

// describe is what was agreed on, in words.
func describe(c *dtlsx.Conn) string {
	s := c.ConnectionState()
	text := fmt.Sprintf("%s %s name=%q alpn=%q psk=%q hint=%q", dtlsx.CipherSuiteName(s.CipherSuite), dtlsx.CurveName(s.Curve), s.ServerName, s.NegotiatedProtocol, s.PSKIdentity, s.PSKHint)
	if len(s.PeerCertificates) > 0 {
		text += fmt.Sprintf(" peer=%q", s.PeerCertificates[0].Subject.CommonName)
	}
	if s.SRTPProfile != 0 {
		text += " srtp=" + dtlsx.SRTPProfileName(s.SRTPProfile)
	}
	if s.Resumed {
		text += " resumed"
	}
	return text
}

// echo returns every datagram until the client closes.
func echo(c *dtlsx.Conn) {
	b := make([]byte, dtlsx.MaxPayload)
	for {
		n, err := c.Read(b)
		if err != nil {
			return
		}
		c.Write(b[:n])
	}
}

// dialDTLS dials as a client of the authority.
func dialDTLS(t *testing.T, address string, cfg dtlsx.DialConfig) (*dtlsx.Conn, error) {
	t.Helper()
	if cfg.HandshakeTimeout == 0 {
		cfg.HandshakeTimeout = patient
	}
	d, err := dtlsx.NewDialer(&cfg)
	require.NoError(t, err)
	c, err := d.DialContext(t.Context(), "udp", address)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patient)))
	return c.(*dtlsx.Conn), nil
}

// alerted requires that an error names an alert.
func alerted(t *testing.T, err error, received bool, codes ...uint8) {
	t.Helper()
	var a *dtlsx.AlertError
	require.ErrorAs(t, err, &a)
	assert.Equal(t, received, a.Received, "%v", err)
	assert.Contains(t, codes, a.Code, "%v", err)
}

// hears requires that the next datagrams make up a text.
func hears(t *testing.T, c io.Reader, want string) {
	t.Helper()
	b, got := make([]byte, dtlsx.MaxPayload), ""
	for len(got) < len(want) {
		n, err := c.Read(b)
		require.NoError(t, err, "after %q", got)
		got += string(b[:n])
	}
	assert.Equal(t, want, got)
}
