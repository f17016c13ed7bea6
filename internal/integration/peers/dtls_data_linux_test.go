package peers_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// transferTime is for a MiB of them, one after the other, on a machine that is busy.
const transferTime = 5 * time.Minute

// datagrams are a MiB of them, each one line: programs that read lines keep them whole.
func datagrams(t *testing.T) []string {
	t.Helper()
	const size, count = 1024, 1024
	random := make([]byte, size*count/2)
	_, err := rand.Read(random)
	require.NoError(t, err)
	text := hex.EncodeToString(random)
	all := make([]string, count)
	for i := range all {
		all[i] = text[i*size:i*size+size-1] + "\n"
	}
	return all
}

// arrives has a client send a text, again while the answer stays away, until its
// output ends with it.
func (c *child) arrives(t *testing.T, text string) {
	t.Helper()
	deadline := time.Now().Add(patient)
	for time.Now().Before(deadline) {
		c.says(t, text)
		for range 500 {
			if c.out.ends(text) {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	require.Fail(t, "no echo", "%s", &c.out)
}

func (b *buffer) ends(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.HasSuffix(b.b.Bytes(), []byte(text))
}

// A MiB of datagrams goes from a client to a server of ours and back, one after
// the other.
func TestDTLSServerEcho(t *testing.T) {
	a := newAuthority(t)
	s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: a.serves(t)}}, func(c *dtlsx.Conn) {
		c.SetDeadline(time.Now().Add(transferTime))
		echo(c)
	})
	all := datagrams(t)
	for name, args := range map[string][]string{"openssl": {"-quiet"}, "gnutls": nil} {
		t.Run(name, func(t *testing.T) {
			c := dtlsPrograms[name].connect(a, t, s.address, args...)
			start := time.Now()
			for _, d := range all {
				c.says(t, d)
				require.Eventually(t, func() bool { return c.out.ends(d) }, patient, time.Millisecond)
			}
			t.Logf("1 MiB there and back in %v", time.Since(start))
			assert.Contains(t, c.out.String(), strings.Join(all, ""), "in order, nothing twice")
		})
	}
}

// The same from a client of ours, to an echo.
func TestDTLSClientEcho(t *testing.T) {
	a := newAuthority(t)
	_, address := a.gnutlsServer(t, dtlsPrograms["gnutls"].shows(a.ecdsaFiles(t))...)
	c, err := dialDTLS(t, address, dtlsx.DialConfig{Config: dtlsx.Config{TLS: a.trusts()}})
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(transferTime)))
	start := time.Now()
	for _, d := range datagrams(t) {
		_, err := io.WriteString(c, d)
		require.NoError(t, err)
		hears(t, c, d)
	}
	t.Logf("1 MiB there and back in %v", time.Since(start))
	stats := c.Stats()
	assert.EqualValues(t, 1<<20, stats.BytesIn)
	assert.EqualValues(t, 1<<20, stats.BytesOut)
}

// openssl s_server has no echo: it prints what comes and sends what it is given.
func TestDTLSClientOfOpenSSL(t *testing.T) {
	a := newAuthority(t)
	server, address := a.opensslServer(t, append(dtlsPrograms["openssl"].shows(a.ecdsaFiles(t)), "-quiet")...)
	c, err := dialDTLS(t, address, dtlsx.DialConfig{Config: dtlsx.Config{TLS: a.trusts()}})
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(transferTime)))
	all := datagrams(t)
	for _, d := range all {
		_, err := io.WriteString(c, d)
		require.NoError(t, err)
		require.Eventually(t, func() bool { return server.out.ends(d) }, patient, time.Millisecond)
		server.says(t, d)
		hears(t, c, d)
	}
	assert.Contains(t, server.out.String(), strings.Join(all, ""))
}

// Either side's close is seen by the other one at once, as the end and not as a
// timeout. The servers of the programs never close first.
func TestDTLSClose(t *testing.T) {
	a := newAuthority(t)
	ends := make(chan error, 1)
	s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: a.serves(t)}}, func(c *dtlsx.Conn) {
		b := make([]byte, 100)
		var err error
		for err == nil {
			var n int
			if n, err = c.Read(b); err == nil {
				c.Write(b[:n])
			}
		}
		ends <- err
	})
	eachProgram(t, func(t *testing.T, p *dtlsProgram) {
		// By the client.
		client := p.connect(a, t, s.address)
		client.arrives(t, "hello\n")
		require.NoError(t, client.in.Close())
		assert.Equal(t, io.EOF, <-ends)
		assert.NoError(t, client.cmd.Wait())

		// By a client of ours: the server says so, and takes the next one.
		server, address := p.serve(a, t, p.shows(a.ecdsaFiles(t))...)
		for range 2 {
			c, err := dialDTLS(t, address, dtlsx.DialConfig{Config: dtlsx.Config{TLS: a.trusts()}})
			require.NoError(t, err, "%s", &server.out)
			require.NoError(t, c.Close())
		}
		server.prints(t, p.closed)
	})
	t.Run("by our server", func(t *testing.T) {
		s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: a.serves(t)}}, tell)
		for name, words := range map[string]string{"openssl": "closed", "gnutls": "Peer has closed the GnuTLS connection"} {
			client := dtlsPrograms[name].connect(a, t, s.address) // its input stays open
			client.prints(t, words)
			assert.NoError(t, client.cmd.Wait(), "%s", &client.out)
		}
	})
}
