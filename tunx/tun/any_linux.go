package tun

import (
	"errors"
	"io"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx"
)

// anyQueue reads from whichever queue has something. Its file is an epoll that has all
// queues in it and that package os polls in turn.
type anyQueue struct {
	device *device
	file   *os.File
	raw    syscall.RawConn
	next   int // where to look first, so that no queue starves; held by raw.Read
}

func newAnyQueue(d *device) (*anyQueue, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, d.fail("Queues", strconv.Itoa(len(d.queues)), os.NewSyscallError("epoll_create1", err))
	}
	err = unix.SetNonblock(fd, true) // or package os would not poll it
	a := &anyQueue{device: d, file: os.NewFile(uintptr(fd), "epoll")}
	for _, q := range d.queues {
		err = errors.Join(err, unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, q.fd, &unix.EpollEvent{Events: unix.EPOLLIN}))
	}
	var lost error
	a.raw, lost = a.file.SyscallConn()
	return a, d.fail("Queues", strconv.Itoa(len(d.queues)), errors.Join(err, lost))
}

// read waits for a packet of any queue, and reads it.
func (a *anyQueue) read(p []byte, how func(*queue, []byte, bool) (int, tunx.Offload, error)) (n int, o tunx.Offload, err error) {
	lost := a.raw.Read(func(uintptr) bool {
		for range a.device.queues {
			q := a.device.queues[a.next]
			a.next = (a.next + 1) % len(a.device.queues)
			if !q.mu.TryLock() {
				continue // somebody reads it by itself
			}
			n, o, err = how(q, p, false)
			q.mu.Unlock()
			if !errors.Is(err, unix.EAGAIN) {
				return true
			}
		}
		return false
	})
	if lost != nil {
		return 0, tunx.Offload{}, io.EOF
	}
	return n, o, err
}
