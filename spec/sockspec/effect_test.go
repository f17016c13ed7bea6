package sockspec_test

import (
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/sockspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// TestEffect asks the kernel for what a message says, false and 0 too.
func TestEffect(t *testing.T) {
	if !hasTable() {
		t.Skip("the platform has no options")
	}
	socket := &specv1.SockOption{
		So: &specv1.SockSOOption{Rcvbuf: new(int64(65536)), Linger: durationpb.New(0)},
		Ip: &specv1.SockIPOption{Ttl: new(int32(9))},
	}
	list, err := sockspec.Options(socket, values(t, map[string]any{"TCP_NODELAY": false}), nil)
	require.NoError(t, err)
	dialer := net.Dialer{Control: list.Control, KeepAlive: -1}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	conn, err := dialer.DialContext(t.Context(), "tcp4", ln.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, list.Apply(conn.(syscall.Conn)))
	require.NoError(t, list.Verify(conn.(syscall.Conn)))
	ttl, err := sockopt.IPTTL.Get(conn.(syscall.Conn))
	require.NoError(t, err)
	assert.Equal(t, 9, ttl)
	noDelay, err := sockopt.TCPNoDelay.Get(conn.(syscall.Conn))
	require.NoError(t, err)
	assert.False(t, noDelay)
}
