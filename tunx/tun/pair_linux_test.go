package tun_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/internal/lab"
	"github.com/strata-net/strata/tunx/link"
	"github.com/strata-net/strata/tunx/tun"
)

// open opens a device that has to be possible.
func open(t testing.TB, c *tun.Config) *tun.Device {
	t.Helper()
	d, err := tun.Open(c)
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

// up sets the device up with the addresses.
func up(t testing.TB, d *tun.Device, s *lab.Space, addrs ...string) {
	t.Helper()
	c := &link.Config{Name: d.Name(), Netns: s.Path()}
	for _, a := range addrs {
		c.Addrs = append(c.Addrs, netip.MustParsePrefix(a))
	}
	l, err := link.Setup(c)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
}

// pair is two namespaces, each with a device whose packets are carried to the other's.
type pair struct {
	spaces  [2]*lab.Space
	devices [2]*tun.Device
	group   sync.WaitGroup
}

// newPair opens the devices. Addresses are 10.9.0.1 and 2, fd09::1 and 2.
func newPair(t testing.TB, c tun.Config) *pair {
	t.Helper()
	p := &pair{}
	for i := range p.spaces {
		p.spaces[i] = lab.NewSpace(t)
		c.Netns = p.spaces[i].Path()
		p.devices[i] = open(t, &c)
		up(t, p.devices[i], p.spaces[i], fmt.Sprintf("10.9.0.%d/24", i+1), fmt.Sprintf("fd09::%d/64", i+1))
	}
	t.Cleanup(func() {
		p.devices[0].Close()
		p.devices[1].Close()
		p.group.Wait()
	})
	return p
}

// carry starts to move packets; see is told of each.
func (p *pair) carry(see func(from int, n int, o tunx.Offload)) {
	for i := range p.devices {
		for q, from := range p.devices[i].Queues() {
			to := p.devices[1-i].Queues()[q]
			p.group.Go(func() { move(from.(tunx.OffloadDevice), to.(tunx.OffloadDevice), i, see) })
		}
	}
}

func move(from, to tunx.OffloadDevice, side int, see func(int, int, tunx.Offload)) {
	b := make([]byte, from.MaxSegment())
	parts := make([][]byte, 1)
	for {
		n, o, err := from.ReadOffload(b)
		if err != nil {
			return
		}
		if see != nil {
			see(side, n, o)
		}
		parts[0] = b[:n]
		_, _ = to.WriteOffload(parts, o) // too long for one without offloads
	}
}

// transfer sends bytes from one end to the other over TCP, and checks what arrives.
func (p *pair) transfer(t testing.TB, from int, address string, bytes int64) {
	t.Helper()
	var l net.Listener
	var err error
	p.spaces[1-from].Run(t, func() { l, err = net.Listen("tcp", address) })
	require.NoError(t, err)
	defer l.Close()
	var group sync.WaitGroup
	var sent error
	group.Go(func() {
		var c net.Conn
		p.spaces[from].Run(t, func() { c, sent = net.Dial("tcp", l.Addr().String()) })
		if sent == nil {
			_, sent = io.CopyN(c, &pattern{}, bytes)
			c.Close()
		}
	})
	c, err := l.Accept()
	require.NoError(t, err)
	got := &pattern{}
	n, err := io.Copy(struct{ io.Writer }{got}, struct{ io.Reader }{c})
	c.Close()
	group.Wait()
	require.NoError(t, sent)
	require.NoError(t, err)
	require.Equal(t, bytes, n)
}

// pattern reads, or expects to be written, bytes that a part in a wrong place would show.
type pattern struct{ at int }

var patterns = func() []byte {
	const period = 65521 // a prime
	b := make([]byte, 5*period)
	random := rand.NewChaCha8([32]byte{})
	random.Read(b[:period])
	for n := period; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
	return b
}()

const patternPeriod = 65521

func (s *pattern) Read(p []byte) (int, error) {
	n := copy(p, patterns[s.at:])
	s.at = (s.at + n) % patternPeriod
	return n, nil
}

func (s *pattern) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), patternPeriod)
		if !bytes.Equal(rest[:n], patterns[s.at:][:n]) {
			return 0, errors.New("other bytes arrive than were sent")
		}
		s.at = (s.at + n) % patternPeriod
		rest = rest[n:]
	}
	return len(p), nil
}
