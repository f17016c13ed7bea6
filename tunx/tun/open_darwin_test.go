package tun_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx/tun"
)

func TestNames(t *testing.T) {
	for _, name := range []string{"tun0", "utunx", "utun-1", "utun99999999"} {
		_, err := tun.Open(&tun.Config{Name: name})
		assert.ErrorContains(t, err, `must be "utun", or that and a number`, name)
	}
}

func TestOpen(t *testing.T) {
	d, err := tun.Open(nil)
	if os.Geteuid() != 0 {
		require.ErrorIs(t, err, os.ErrPermission)
		return
	}
	require.NoError(t, err)
	assert.Regexp(t, `^utun\d+$`, d.Name())
	require.NoError(t, d.Close())
}

func TestFromOther(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer w.Close()
	defer r.Close()
	_, err = tun.FromFile(r, nil)
	assert.ErrorContains(t, err, "is no open TUN interface")
}
