package listener_test

import (
	"errors"
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

func TestMultipathOfAnotherListener(t *testing.T) {
	on, reason := listener.Multipath(&net.TCPListener{})
	assert.False(t, on)
	assert.EqualError(t, reason, "listener: *net.TCPListener is not a listener of this package")
}

func TestMultipathOutsideLinux(t *testing.T) {
	if runtime.GOOS == "linux" {
		t.Skip("Linux has MPTCP")
	}
	_, err := listener.New(t.Context(), &listener.Config{Address: "127.0.0.1:0", Multipath: sockopt.MultipathRequire})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	on, reason := listener.Multipath(open(t, &listener.Config{Address: "127.0.0.1:0"}))
	assert.False(t, on)
	assert.ErrorIs(t, reason, errors.ErrUnsupported)
}
