package document_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/spec/document"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// Files of /proc say that they have 0 bytes.
func TestLoadProc(t *testing.T) {
	_, err := document.Load("/proc/self/maps", &specv1.DialConfig{}, &document.Options{Format: document.YAML, MaxBytes: 10})
	require.EqualError(t, err, "/proc/self/maps: longer than 10 bytes")
}
