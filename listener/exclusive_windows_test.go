package listener_test

import (
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

func TestPortCannotBeTakenOver(t *testing.T) {
	_, err := listener.New(t.Context(), &listener.Config{
		Address: "127.0.0.1:0",
		Options: sockopt.Options{sockopt.ReuseAddr.Value(true)},
	})
	require.ErrorContains(t, err, "SO_EXCLUSIVEADDRUSE")
	assert.Equal(t, "Options", failure(t, err).Field)

	l := open(t, &listener.Config{Address: "127.0.0.1:0"})
	exclusive, err := sockopt.ExclusiveAddrUse.Get(l.(syscall.Conn))
	require.NoError(t, err)
	assert.True(t, exclusive)
	thief := net.ListenConfig{Control: sockopt.Options{sockopt.ReuseAddr.Value(true)}.Control}
	stolen, err := thief.Listen(t.Context(), "tcp", l.Addr().String())
	if err == nil {
		stolen.Close()
	}
	assert.Error(t, err)
}
