package lab

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// NewDelayed links two new namespaces so that each packet arrives after the delay. The link is two TUN devices between
// which this process carries packets, because not every kernel has netem.
func NewDelayed(delay time.Duration) (*Pair, error) {
	p, err := newPair()
	if err != nil {
		return nil, err
	}
	a, err := openTUN(p.A)
	if err != nil {
		p.Close()
		return nil, err
	}
	b, err := openTUN(p.B)
	if err != nil {
		a.Close()
		p.Close()
		return nil, err
	}
	done := make(chan struct{}, 4)
	carry(a, b, delay, done)
	carry(b, a, delay, done)
	p.close = func() {
		a.Close()
		b.Close()
		for range cap(done) {
			<-done
		}
	}
	if err := p.up(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func openTUN(n *Namespace) (tun *os.File, err error) {
	err = n.Do(func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			return &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
		}
		request, err := unix.NewIfreq(Device)
		if err == nil {
			request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
		}
		if err != nil {
			unix.Close(fd)
			return os.NewSyscallError("ioctl TUNSETIFF", err)
		}
		tun = os.NewFile(uintptr(fd), "/dev/net/tun")
		return nil
	})
	return tun, err
}

type packet struct {
	data []byte
	due  time.Time
}

// carry starts two goroutines that end when the devices are closed: one takes packets, one hands them over when they
// are due.
func carry(from, to *os.File, delay time.Duration, done chan<- struct{}) {
	queue := make(chan packet, 4096)
	go func() {
		defer func() { close(queue); done <- struct{}{} }()
		buffer := make([]byte, 65536)
		for {
			n, err := from.Read(buffer)
			if err != nil {
				return
			}
			queue <- packet{append([]byte(nil), buffer[:n]...), time.Now().Add(delay)}
		}
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		for p := range queue {
			time.Sleep(time.Until(p.due))
			_, _ = to.Write(p.data) // a device that is down drops, as a link does
		}
	}()
}
