package hostport_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/internal/hostport"
)

func TestParse(t *testing.T) {
	host, port, err := hostport.Parse("α:2147483647", hostport.Max)
	require.NoError(t, err)
	assert.Equal(t, "α", host)
	assert.Equal(t, hostport.Max, port)
	for _, s := range []string{"α:2147483648", "α:-1", "α:", "α"} {
		_, _, err := hostport.Parse(s, hostport.Max)
		assert.Error(t, err, s)
	}
	_, _, err = hostport.Parse("α:8", 7)
	assert.EqualError(t, err, "address α:8: invalid port")
}
