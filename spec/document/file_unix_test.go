//go:build linux || darwin || freebsd

package document_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/spec/document"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// A pipe that nobody writes to would block for ever, a device has no end.
func TestLoadSpecial(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "x.yaml")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	for _, name := range []string{fifo, "/dev/zero"} {
		_, err := document.Load(name, &specv1.DialConfig{}, &document.Options{Format: document.YAML})
		require.EqualError(t, err, name+": is no regular file")
	}
}
