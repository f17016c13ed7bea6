package dialer_test

import (
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The two ends of a link.
const (
	clientIP = "10.9.8.1"
	serverIP = "10.9.8.2"
)

// newPair makes two namespaces with a link on which each packet takes its time: two TUN devices between which the test
// carries packets, because not every kernel has netem, and a veth pair carries only after a second. Listeners of the
// server can have TCP Fast Open.
func newPair(t *testing.T, delay time.Duration) (client, server *space) {
	t.Helper()
	client, server = newSpace(t), newSpace(t)
	near, far := client.openTUN(t), server.openTUN(t)
	var group sync.WaitGroup
	carry(&group, near, far, delay)
	carry(&group, far, near, delay)
	t.Cleanup(func() {
		near.Close()
		far.Close()
		group.Wait()
	})
	for s, ip := range map[*space]string{client: clientIP, server: serverIP} {
		s.ip(t, "addr", "add", ip+"/24", "dev", "strata0")
		s.ip(t, "link", "set", "strata0", "up")
	}
	server.set(t, "ipv4/tcp_fastopen", "2")
	return client, server
}

// openTUN makes a device of the namespace.
func (s *space) openTUN(t *testing.T) *os.File {
	t.Helper()
	var fd int
	var err error
	s.run(t, func() {
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0); err != nil {
			return
		}
		request, rerr := unix.NewIfreq("strata0")
		if err = rerr; err == nil {
			request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
		}
	})
	if os.IsNotExist(err) || os.IsPermission(err) {
		skipUnlessCI(t, "/dev/net/tun is missing")
	}
	require.NoError(t, err)
	return os.NewFile(uintptr(fd), "/dev/net/tun")
}

// carry takes packets in one goroutine and hands them over in another when they are due, until the devices are closed.
func carry(group *sync.WaitGroup, from, to *os.File, delay time.Duration) {
	type packet struct {
		data []byte
		due  time.Time
	}
	queue := make(chan packet, 1024)
	group.Go(func() {
		defer close(queue)
		buffer := make([]byte, 65536)
		for {
			n, err := from.Read(buffer)
			if err != nil {
				return
			}
			queue <- packet{append([]byte(nil), buffer[:n]...), time.Now().Add(delay)}
		}
	})
	group.Go(func() {
		for p := range queue {
			time.Sleep(time.Until(p.due))
			to.Write(p.data)
		}
	})
}
