package tlsx_test

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// TestOCSPEnforced runs again in a process where SHA-1 panics: responses name
// their issuer by it all the same.
func TestOCSPEnforced(t *testing.T) {
	if !fips140.Enforced() {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^TestOCSPEnforced$")
		// The race detector would let it sleep for a second at its end.
		again.Env = append(os.Environ(), "GODEBUG=fips140=only", "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
		out, err := again.CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Contains(t, string(out), "--- PASS: TestOCSPEnforced ")
		return
	}
	a := newAuthorities(t)
	leaf := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}})
	var der []byte
	fips140.WithoutEnforcement(func() { der = answer(t, a.inter, leaf.Leaf().SerialNumber, nil) })
	require.NoError(t, tlsx.CheckOCSP(der, leaf.Leaf(), a.inter.Certificate(), time.Now()))
	asked, err := tlsx.OCSPQuestion(leaf.Leaf(), a.inter.Certificate())
	require.NoError(t, err)
	request, err := ocsp.ParseRequest(asked)
	require.NoError(t, err)
	assert.Equal(t, "SHA-256", request.HashAlgorithm.String())
}
