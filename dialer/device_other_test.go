//go:build !linux

package dialer_test

import (
	"errors"
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

func TestInterfaceByIndex(t *testing.T) {
	name := loopbackName(t)
	d, err := dialer.New(&dialer.Config{Interface: name, Options: sockopt.Options{sockopt.RcvBuf.Value(65536)}})
	if runtime.GOOS != "windows" && runtime.GOOS != "darwin" {
		require.ErrorIs(t, err, errors.ErrUnsupported)
		assert.Equal(t, "Interface", failure(t, err).Field)
		return
	}
	require.NoError(t, err)
	c, err := d.Dial("udp4", "127.0.0.1:9")
	require.NoError(t, err)
	defer c.Close()
	want, err := net.InterfaceByName(name)
	require.NoError(t, err)
	option := sockopt.IPBoundIf
	if runtime.GOOS == "windows" {
		option = sockopt.IPUnicastIf
	}
	index, err := option.Get(c.(*net.UDPConn))
	require.NoError(t, err)
	assert.Equal(t, want.Index, index)

	_, err = newDialer(t, &dialer.Config{Interface: "strata-none"}).Dial("udp4", "127.0.0.1:9")
	e := failure(t, err)
	assert.Equal(t, []string{"set option", "Interface", "strata-none"}, []string{e.Op, e.Field, e.Value})
}
