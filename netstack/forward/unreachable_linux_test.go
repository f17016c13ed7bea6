package forward_test

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// TestNoRoute sends with the kernel's sockets where there is no route.
func TestNoRoute(t *testing.T) {
	noLeak(t)
	c, err := lonely(t.Context())
	if errors.Is(err, os.ErrPermission) && os.Getenv("CI") != "true" {
		t.Skip("a network namespace needs CAP_SYS_ADMIN")
	}
	require.NoError(t, err)
	require.NoError(t, c.Close())
	p, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFunc(lonely))
	require.NoError(t, err)
	openWire(t, &forward.Config{Packets: p}).unreachable([2]uint8{0, 0})
}

// lonely opens a socket in a new network namespace, where no interface is up.
func lonely(context.Context) (c net.PacketConn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			c, err = net.ListenPacket("udp", ":0")
		}
	}()
	<-done
	return c, err
}
