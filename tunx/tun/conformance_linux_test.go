package tun_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/internal/lab"
	"github.com/strata-net/strata/tunx/internal/segment"
	"github.com/strata-net/strata/tunx/link"
	"github.com/strata-net/strata/tunx/tun"
	"github.com/strata-net/strata/tunx/tunxtest"
)

// TestConformance: a device with a packet socket on the kernel's side of the interface.
func TestConformance(t *testing.T) {
	for name, c := range map[string]tun.Config{"offload": {}, "plain": {NoOffload: true}} { // several queues keep the order of a flow only
		t.Run(name, func(t *testing.T) {
			tunxtest.TestIPDevice(t, func(t *testing.T) *tunxtest.Devices {
				s := lab.NewSpace(t)
				s.Run(t, func() { require.NoError(t, quiet()) })
				c.Netns = s.Path()
				d := open(t, &c)
				l, err := link.Setup(&link.Config{Name: d.Name(), Netns: s.Path()})
				require.NoError(t, err)
				t.Cleanup(func() { l.Close() })
				return &tunxtest.Devices{Device: d, Peer: newPeer(t, s, d)}
			})
		})
	}
}

// peer is the other side of an interface, without addresses there.
type peer struct {
	device *tun.Device
	file   *os.File
	raw    syscall.RawConn
	index  int

	mu  sync.Mutex
	cut segment.Cutter
}

func newPeer(t *testing.T, s *lab.Space, d *tun.Device) *peer {
	t.Helper()
	p := &peer{device: d}
	fd := -1
	var err error
	s.Run(t, func() {
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
			return
		}
		var i *net.Interface
		if i, err = net.InterfaceByName(d.Name()); err == nil {
			p.index = i.Index
		}
	})
	require.NoError(t, err)
	p.file = os.NewFile(uintptr(fd), "packet")
	require.NoError(t, unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1))
	require.NoError(t, unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1))
	require.NoError(t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: 0x0300, Ifindex: p.index})) // ETH_P_ALL
	p.raw, err = p.file.SyscallConn()
	require.NoError(t, err)
	return p
}

// Read reads a packet that the device has written, in segments if need be.
func (p *peer) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.cut.More() {
		whole := make([]byte, 10+65535)
		n, err := p.file.Read(whole)
		if err != nil {
			return 0, io.EOF
		}
		header, packet := whole[:10], whole[10:n]
		if header[0]&1 == 0 { // complete
			return copy(b, packet), nil
		}
		work := segment.Offload{
			NeedsChecksum: true, Segment: binary.NativeEndian.Uint16(header[4:]),
			CsumStart: binary.NativeEndian.Uint16(header[6:]), CsumOffset: binary.NativeEndian.Uint16(header[8:]),
		}
		if !work.Complete(packet) {
			return 0, errors.New("the kernel describes a packet wrongly")
		}
		if work.Segment == 0 {
			work.Finish(packet)
			return copy(b, packet), nil
		}
		p.cut.Reset(packet, work)
	}
	return p.cut.Next(b), nil
}

// Write lets the device read a packet.
func (p *peer) Write(b []byte) (n int, err error) {
	if len(b) > p.MTU() {
		return 0, tunx.ErrMsgSize
	}
	to := &unix.SockaddrLinklayer{Protocol: 0x0008, Ifindex: p.index}
	if b[0]>>4 == 6 {
		to.Protocol = 0xdd86
	}
	lost := p.raw.Write(func(fd uintptr) bool {
		_, err = unix.SendmsgBuffers(int(fd), [][]byte{make([]byte, 10), b}, nil, to, 0)
		return !errors.Is(err, unix.EAGAIN)
	})
	if lost != nil {
		return 0, tunx.ErrClosed
	}
	return len(b), err
}

func (p *peer) MTU() int     { return p.device.MTU() }
func (p *peer) Close() error { _ = p.file.Close(); return nil }
