package lab

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A Link says how packets cross between two TUN devices. This process carries them, because not every kernel has netem.
type Link struct {
	// Delay is what each packet takes, one way.
	Delay time.Duration
	// Pass, when set, is asked for each packet, IP header first, before its delay: false drops it. It may change the
	// packet. Each direction calls it from a goroutine of its own.
	Pass func(fromA bool, packet []byte) bool
	// Here makes A the namespace that the process is in, and Pair.A nil. The device goes with the link.
	Here bool
}

// NewDelayed links two new namespaces so that each packet arrives after the delay.
func NewDelayed(delay time.Duration) (*Pair, error) { return NewLink(&Link{Delay: delay}) }

// NewLink links two namespaces.
func NewLink(l *Link) (*Pair, error) {
	p, err := l.namespaces()
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
	l.carry(a, b, true, done)
	l.carry(b, a, false, done)
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

func (l *Link) namespaces() (*Pair, error) {
	if !l.Here {
		return newPair()
	}
	b, err := NewNamespace()
	return &Pair{B: b}, err
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
func (l *Link) carry(from, to *os.File, fromA bool, done chan<- struct{}) {
	queue := make(chan packet, 4096)
	go func() {
		defer func() { close(queue); done <- struct{}{} }()
		buffer := make([]byte, 65536)
		for {
			n, err := from.Read(buffer)
			if err != nil {
				return
			}
			if l.Pass == nil || l.Pass(fromA, buffer[:n]) {
				queue <- packet{append([]byte(nil), buffer[:n]...), time.Now().Add(l.Delay)}
			}
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
