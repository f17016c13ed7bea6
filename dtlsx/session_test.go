package dtlsx_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

func cache(t *testing.T) *dtlsx.SessionCache {
	t.Helper()
	c, err := dtlsx.NewSessionCache(0, 0)
	require.NoError(t, err)
	return c
}

// again shakes hands anew: the address of the server has to be the same for the
// client to know the session.
func again(t *testing.T, address *string, s *dtlsx.Config, c *dtlsx.DialConfig) (client, server *dtlsx.Conn, err error) {
	t.Helper()
	var accepted func() (*dtlsx.Conn, error)
	*address, accepted = shakeOn(t, *address, s)
	d, err := dtlsx.NewDialer(c)
	require.NoError(t, err)
	conn, err := d.DialContext(t.Context(), "udp", *address)
	server, refused := accepted()
	if err != nil {
		return nil, nil, err
	}
	if refused != nil {
		conn.Close()
		return nil, nil, refused
	}
	t.Cleanup(func() { conn.Close(); server.Close() })
	return conn.(*dtlsx.Conn), server, nil
}

// A session is resumed with certificates and with PSK; VerifyConnection is called
// each time, and knows.
func TestResumption(t *testing.T) {
	noLeak(t)
	for name, psk := range map[string]bool{"certificates": false, "PSK": true} {
		t.Run(name, func(t *testing.T) {
			var calls []bool
			s := &dtlsx.Config{TLS: serverTLS(t), Sessions: cache(t)}
			c := &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS(), Sessions: cache(t)}}
			if psk {
				s.TLS, s.PSK = nil, &dtlsx.PSK{Key: keys}
				c = pskDial("alice")
				c.Sessions, c.TLS = cache(t), &tls.Config{}
			}
			c.TLS.VerifyConnection = func(cs tls.ConnectionState) error {
				calls = append(calls, cs.DidResume)
				return nil
			}
			var address string
			for i, resumed := range []bool{false, true, true} {
				a, b, err := again(t, &address, s, c)
				require.NoError(t, err)
				exchange(t, a, b)
				assert.Equal(t, resumed, a.ConnectionState().Resumed, i)
				assert.Equal(t, resumed, b.ConnectionState().Resumed, i)
				if psk {
					assert.Equal(t, "alice", string(b.ConnectionState().PSKIdentity))
				} else {
					assert.Len(t, a.ConnectionState().VerifiedChains, 1)
				}
				require.NoError(t, a.Close())
				require.NoError(t, b.Close())
			}
			assert.Equal(t, []bool{false, true, true}, calls)
		})
	}
}

// A server does not resume a session whose client has shown a certificate: the
// certificate is asked for again.
func TestResumptionClientCertificate(t *testing.T) {
	noLeak(t)
	s := &dtlsx.Config{TLS: serverTLS(t), Sessions: cache(t)}
	s.TLS.ClientAuth, s.TLS.ClientCAs = tls.RequireAndVerifyClientCert, authority().Pool()
	c := &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS(), Sessions: cache(t)}}
	c.TLS.Certificates = []tls.Certificate{issue(t, &pki.Leaf{Names: []string{"me"}}).TLS()}
	var address string
	for range 2 {
		a, b, err := again(t, &address, s, c)
		require.NoError(t, err)
		assert.False(t, a.ConnectionState().Resumed)
		assert.NotEmpty(t, b.ConnectionState().PeerCertificates)
		a.Close()
		b.Close()
	}
}

// A handshake that fails takes the session with it, whoever ended it.
func TestFailureForgetsSession(t *testing.T) {
	noLeak(t)
	ours, theirs := cache(t), cache(t)
	s := &dtlsx.Config{TLS: serverTLS(t), Sessions: theirs}
	c := &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS(), Sessions: ours}}
	refuse := func(tls.ConnectionState) error { return errors.New("not again") }
	var address string
	begin := func(resumed bool) {
		a, b, err := again(t, &address, s, c)
		require.NoError(t, err)
		assert.Equal(t, resumed, a.ConnectionState().Resumed)
		a.Close()
		b.Close()
		require.Equal(t, 1, ours.Len())
		require.Equal(t, 1, theirs.Len())
	}
	begin(false)
	begin(true)

	c.TLS.VerifyConnection = refuse
	_, _, err := again(t, &address, s, c)
	requireAlert(t, err, 42, false)
	assert.Zero(t, ours.Len())
	assert.Zero(t, theirs.Len())

	c.TLS.VerifyConnection = nil
	begin(false)
	// The server of a resumed session speaks first: the client is content by then,
	// and the refusal comes later.
	s.TLS.VerifyConnection = refuse
	_, _, err = again(t, &address, s, c)
	requireAlert(t, err, 42, false)
	assert.Zero(t, theirs.Len())
	s.TLS.VerifyConnection = nil
	begin(false)
}

func TestSessionCache(t *testing.T) {
	c, err := dtlsx.NewSessionCache(2, time.Hour)
	require.NoError(t, err)
	now := time.Now()
	dtlsx.SetClock(c, func() time.Time { return now })
	set := func(key string) {
		require.NoError(t, c.Set([]byte(key), dtls.Session{ID: []byte(key), Secret: []byte(key)}))
	}
	get := func(key string) string {
		s, err := c.Get([]byte(key))
		require.NoError(t, err)
		if len(s.Secret) > 0 {
			s.Secret[0] = 0 // is the caller's
		}
		return string(s.ID)
	}
	set("a")
	set("b")
	assert.Equal(t, "a", get("a"))
	set("c")
	assert.Empty(t, get("b"), "was used least recently")
	assert.Equal(t, "a", get("a"))
	s, _ := c.Get([]byte("a"))
	assert.Equal(t, "a", string(s.Secret), "is a copy")
	require.NoError(t, c.Del([]byte("a")))
	require.NoError(t, c.Del([]byte("a")))
	assert.Empty(t, get("a"))
	now = now.Add(59 * time.Minute)
	assert.Equal(t, "c", get("c"))
	now = now.Add(time.Minute)
	assert.Empty(t, get("c"))
	assert.Zero(t, c.Len())

	for _, test := range []struct {
		size     int
		lifetime time.Duration
	}{{-1, 0}, {1 << 30, 0}, {0, -1}} {
		_, err := dtlsx.NewSessionCache(test.size, test.lifetime)
		require.Error(t, err)
	}
}

func TestSessionCacheConcurrent(t *testing.T) {
	c, err := dtlsx.NewSessionCache(16, 0)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 500 {
				key := []byte(fmt.Sprint((i + j) % 40))
				c.Set(key, dtls.Session{ID: key})
				c.Get(key)
				c.Del([]byte(fmt.Sprint(j % 7)))
			}
		})
	}
	wg.Wait()
	assert.LessOrEqual(t, c.Len(), 16)
}
