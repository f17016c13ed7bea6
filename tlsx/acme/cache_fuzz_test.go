package acme_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/acme"
)

// A key that is read from the folder is the same when it was written again.
func FuzzKey(f *testing.F) {
	good := acme.NewKeyPEM(f)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(bytes.Replace(good, []byte("PRIVATE"), []byte("PUBLIC"), 2))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		again, same, err := acme.RewriteKey(text)
		if err != nil {
			require.Empty(t, again)
			return
		}
		require.True(t, same)
		require.NotEmpty(t, again)
	})
}
