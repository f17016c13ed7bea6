package peers_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pion/dtls/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

const exportLabel, exportSize = "EXPERIMENTAL strata", 32

var exported = regexp.MustCompile(`Keying material: ([0-9A-Fa-f]+)|Key material: ([0-9A-Fa-f]+)`)

// Both sides log the same secret and export the same keys.
func TestDTLSSecrets(t *testing.T) {
	a := newAuthority(t)
	var log buffer
	keys := make(chan []byte, 1)
	s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: a.serves(t), KeyLog: &log}}, func(c *dtlsx.Conn) {
		key, err := c.ExportKeyingMaterial(exportLabel, exportSize)
		assert.NoError(t, err)
		keys <- key
		tell(c)
	})
	theirs := filepath.Join(a.dir, "keys")
	out, _ := a.asks(t, "openssl", s.address, "-keymatexport", exportLabel, "-keymatexportlen", "32", "-keylogfile", theirs)
	sameKey(t, <-keys, out)
	logged, err := os.ReadFile(theirs)
	require.NoError(t, err)
	assert.Contains(t, strings.ToLower(string(logged)), strings.ToLower(lastLine(log.String())))

	out, _ = a.asks(t, "gnutls-cli", s.address, "--keymatexport="+exportLabel, "--keymatexportsize=32")
	sameKey(t, <-keys, out)

	own := new(bytes.Buffer)
	theirs = filepath.Join(a.dir, "keys of the server")
	server, address := a.opensslServer(t, append(dtlsPrograms["openssl"].shows(a.ecdsaFiles(t)), "-keymatexport", exportLabel, "-keymatexportlen", "32", "-keylogfile", theirs)...)
	c, err := dialDTLS(t, address, dtlsx.DialConfig{Config: dtlsx.Config{TLS: a.trusts(), KeyLog: own}})
	require.NoError(t, err)
	key, err := c.ExportKeyingMaterial(exportLabel, exportSize)
	require.NoError(t, err)
	server.prints(t, exported.String())
	sameKey(t, key, server.out.String())
	logged, err = os.ReadFile(theirs)
	require.NoError(t, err)
	assert.Contains(t, strings.ToLower(string(logged)), strings.ToLower(lastLine(own.String())))
}

// lastLine is "CLIENT_RANDOM random secret" of the latest conn.
func lastLine(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return lines[len(lines)-1]
}

// sameKey requires that a program has exported a key.
func sameKey(t *testing.T, key []byte, out string) {
	t.Helper()
	m := exported.FindStringSubmatch(out)
	require.NotNil(t, m, out)
	assert.Equal(t, hex.EncodeToString(key), strings.ToLower(m[1]+m[2]))
}

// Both sides agree on the profile of SRTP that both have.
func TestDTLSSRTP(t *testing.T) {
	a := newAuthority(t)
	own := []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80}
	for program, flags := range map[string][]string{
		"openssl": {"-use_srtp", "SRTP_AES128_CM_SHA1_80"}, "gnutls": {"--srtp-profiles=SRTP_AES128_CM_HMAC_SHA1_80"},
	} {
		t.Run(program, func(t *testing.T) {
			p := dtlsPrograms[program]
			s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: a.serves(t), SRTPProfiles: own}}, tell)
			out, words := a.asks(t, p.client, s.address, flags...)
			assert.Contains(t, words, "srtp=SRTP_AES128_CM_HMAC_SHA1_80", out)

			_, address := p.serve(a, t, append(p.shows(a.ecdsaFiles(t)), flags...)...)
			c, err := dialDTLS(t, address, dtlsx.DialConfig{Config: dtlsx.Config{TLS: a.trusts(), SRTPProfiles: own}})
			require.NoError(t, err)
			assert.Contains(t, describe(c), "srtp=SRTP_AES128_CM_HMAC_SHA1_80")
		})
	}
}

// The programs have no connection IDs: sides that offer them do without.
func TestDTLSConnectionIDs(t *testing.T) {
	a := newAuthority(t)
	eachProgram(t, func(t *testing.T, p *dtlsProgram) {
		s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: a.serves(t), ConnectionID: 8}}, tell)
		out, words := a.asks(t, p.client, s.address)
		assert.NotEmpty(t, words, out)

		server, address := p.serve(a, t, p.shows(a.ecdsaFiles(t))...)
		for _, id := range []dtlsx.ConnectionID{8, dtlsx.SendConnectionID} {
			c, err := dialDTLS(t, address, dtlsx.DialConfig{Config: dtlsx.Config{TLS: a.trusts(), ConnectionID: id}})
			require.NoError(t, err, "%s", &server.out)
			assert.Empty(t, c.ConnectionState().LocalConnectionID)
			assert.Empty(t, c.ConnectionState().RemoteConnectionID)
			_, err = c.Write([]byte("without an ID\n"))
			require.NoError(t, err)
			server.prints(t, "without an ID")
			require.NoError(t, c.Close())
		}
	})
}

// IPv6 works as IPv4 does.
func TestDTLSIPv6(t *testing.T) {
	a := newAuthority(t)
	s := serveDTLS(t, dtlsx.ListenConfig{Address: "udp6://[::1]:0", Config: dtlsx.Config{TLS: a.serves(t)}}, tell)
	eachProgram(t, func(t *testing.T, p *dtlsProgram) {
		out, words := a.asks(t, p.client, s.address)
		assert.NotEmpty(t, words, out)
	})
	_, address := a.gnutlsServer(t, dtlsPrograms["gnutls"].shows(a.ecdsaFiles(t))...)
	c, err := dialDTLS(t, strings.Replace(address, "127.0.0.1", "[::1]", 1), dtlsx.DialConfig{Config: dtlsx.Config{TLS: a.trusts()}})
	require.NoError(t, err)
	_, err = c.Write([]byte("over IPv6\n"))
	require.NoError(t, err)
	hears(t, c, "over IPv6\n")
}
