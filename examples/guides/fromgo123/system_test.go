// Plan 9 has no ECONNREFUSED.

//go:build !plan9

package fromgo123

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

// What runs on virtual hosts runs on the system's network too.
func TestSystem(t *testing.T) {
	d, err := dialer.New(nil)
	require.NoError(t, err)
	host := system{"localhost", d}
	assert.NoError(t, greet(host, host, "127.0.0.1:0"))
	assert.Equal(t, "tcp localhost", host.Network()+" "+host.Name())
	assert.NoError(t, host.Close())
}
