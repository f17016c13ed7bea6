package peers_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

func sessionCache(t *testing.T) *dtlsx.SessionCache {
	t.Helper()
	sessions, err := dtlsx.NewSessionCache(0, 0)
	require.NoError(t, err)
	return sessions
}

// Clients resume what a server keeps by its ID, and nothing without a store.
func TestDTLSServerResumes(t *testing.T) {
	a := newAuthority(t)
	without := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: a.serves(t)}}, tell)
	s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: a.serves(t), Sessions: sessionCache(t)}}, tell)

	file := filepath.Join(a.dir, "session")
	out, words := a.asks(t, "openssl", s.address, "-sess_out", file)
	require.NotEmpty(t, words, out)
	assert.NotContains(t, words, "resumed")
	for range 2 {
		out, words = a.asks(t, "openssl", s.address, "-sess_in", file)
		assert.Contains(t, words, "resumed", out)
		assert.Contains(t, out, "Reused, ")
	}
	out, words = a.asks(t, "openssl", without.address, "-sess_in", file)
	require.NotEmpty(t, words, out)
	assert.NotContains(t, words, "resumed")

	out, _ = a.asks(t, "openssl", s.address, "-reconnect")
	assert.Equal(t, 5, strings.Count(out, "Reused, "), out)

	// This client closes its first conn as soon as it has shaken hands, so that it
	// may not hear what the server says: the server is asked.
	s.forget()
	out, _ = a.asks(t, "gnutls-cli", s.address, "--resume")
	assert.Contains(t, out, "*** This is a resumed session")
	assert.NotContains(t, within(t, s.agreed), "resumed")
	assert.Contains(t, within(t, s.agreed), "resumed")
	without.forget()
	out, _ = a.asks(t, "gnutls-cli", without.address, "--resume")
	assert.NotContains(t, out, "*** This is a resumed session")
	for range 2 {
		assert.NotContains(t, within(t, without.agreed), "resumed")
	}
}

// forget drops what was agreed on so far.
func (s *dtlsServer) forget() {
	for len(s.agreed) > 0 {
		<-s.agreed
	}
}

// within returns the next value.
func within(t *testing.T, values <-chan string) string {
	t.Helper()
	select {
	case v := <-values:
		return v
	case <-time.After(patient):
		require.Fail(t, "nothing came")
		return ""
	}
}

// A dialer with a store resumes what servers keep by its ID.
func TestDTLSClientResumes(t *testing.T) {
	a := newAuthority(t)
	eachProgram(t, func(t *testing.T, p *dtlsProgram) {
		server, address := p.serve(a, t, p.shows(a.ecdsaFiles(t))...)
		cfg := dtlsx.Config{TLS: a.trusts(), Sessions: sessionCache(t)}
		for i := range 3 {
			c, err := dialDTLS(t, address, dtlsx.DialConfig{Config: cfg})
			require.NoError(t, err, "%s", &server.out)
			assert.Equal(t, i > 0, c.ConnectionState().Resumed, i)
			_, err = c.Write([]byte("hello again\n"))
			require.NoError(t, err)
			server.prints(t, strings.Repeat(`(?s)hello again.*`, i+1))
			require.NoError(t, c.Close())
		}
		if p.server == "openssl" {
			server.prints(t, `(?s)(Reused session-id.*){2}`)
		}
	})
}
