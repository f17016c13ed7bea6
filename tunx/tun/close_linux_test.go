package tun_test

import (
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/internal/lab"
	"github.com/strata-net/strata/tunx/tun"
)

// solo is a device that is up in a namespace of its own, which sends nothing by itself.
func solo(t testing.TB, c tun.Config) (*tun.Device, *lab.Space) {
	t.Helper()
	s := lab.NewSpace(t)
	s.Run(t, func() { require.NoError(t, quiet()) })
	c.Netns = s.Path()
	d := open(t, &c)
	up(t, d, s, "10.9.0.1/24")
	return d, s
}

// ping is an IPv4 packet that the kernel answers.
func ping(payload int) []byte {
	p := make([]byte, 28+payload)
	copy(p, []byte{0x45, 0, byte(len(p) >> 8), byte(len(p)), 0, 1, 0, 0, 64, 1, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1, 8})
	for _, part := range [][]byte{p[:20], p[20:]} {
		sum := 0
		for i := 0; i+1 < len(part); i += 2 {
			sum += int(part[i])<<8 | int(part[i+1])
		}
		for sum > 0xffff {
			sum = sum>>16 + sum&0xffff
		}
		at := 10
		if len(part) != 20 || part[0] != 0x45 {
			at = 2
		}
		part[at], part[at+1] = ^byte(sum>>8), ^byte(sum)
	}
	return p
}

// TestCloseWakes: all that wait return io.EOF at once, however many closed the device, and
// it stays so.
func TestCloseWakes(t *testing.T) {
	for name, c := range map[string]tun.Config{"one": {}, "plain": {NoOffload: true}, "queues": {Queues: 3}} {
		t.Run(name, func(t *testing.T) {
			lab.NoLeak(t)
			d, s := solo(t, c)
			var ends []func() error
			for range 4 {
				ends = append(ends,
					func() error { _, err := d.Read(make([]byte, 1500)); return err },
					func() error { _, _, err := d.ReadOffload(make([]byte, 65535)); return err })
			}
			q := d.Queues()[0]
			ends = append(ends, func() error { _, err := q.Read(make([]byte, 1500)); return err })
			errs := make(chan error, len(ends))
			for _, end := range ends {
				go func() { errs <- end() }()
			}
			select {
			case err := <-errs:
				require.NoError(t, err, "nothing is to be read")
			case <-time.After(50 * time.Millisecond):
			}
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() { assert.NoError(t, d.Close()) })
			}
			group.Wait()
			for range ends {
				assert.Equal(t, io.EOF, <-errs)
			}
			for _, end := range ends {
				assert.Equal(t, io.EOF, end())
			}
			for _, w := range d.Queues() {
				assert.Equal(t, d.MTU(), w.MTU())
				_, err := w.Write(ping(0))
				require.ErrorIs(t, err, tunx.ErrClosed)
				require.ErrorIs(t, err, net.ErrClosed)
				_, err = w.(tunx.OffloadDevice).WriteOffload([][]byte{ping(0)}, tunx.Offload{})
				require.ErrorIs(t, err, tunx.ErrClosed)
				assert.NoError(t, w.Close())
			}
			assert.Positive(t, d.MTU())
			assert.NotContains(t, s.Command(t, "ip", "link"), d.Name())
		})
	}
}

// TestCloseWhileBusy closes while packets are read and written.
func TestCloseWhileBusy(t *testing.T) {
	lab.NoLeak(t)
	for range 5 {
		d, _ := solo(t, tun.Config{Queues: 2})
		read := make(chan struct{}, 1)
		var group sync.WaitGroup
		for _, q := range d.Queues() {
			group.Go(func() {
				for {
					if _, err := q.Write(ping(1000)); err != nil {
						assert.ErrorIs(t, err, tunx.ErrClosed)
						return
					}
				}
			})
			group.Go(func() {
				for b := make([]byte, 1500); ; {
					if _, err := q.Read(b); err != nil {
						assert.Equal(t, io.EOF, err)
						return
					}
					select {
					case read <- struct{}{}:
					default:
					}
				}
			})
		}
		for range 100 {
			<-read
		}
		require.NoError(t, d.Close())
		group.Wait()
	}
}

// TestRemoved: who waits when the interface is removed is told so.
func TestRemoved(t *testing.T) {
	for name, c := range map[string]tun.Config{"one": {}, "queues": {Queues: 2}} {
		t.Run(name, func(t *testing.T) {
			lab.NoLeak(t)
			d, s := solo(t, c)
			failed := make(chan error)
			go func() { _, err := d.Read(make([]byte, 1500)); failed <- err }()
			s.Command(t, "ip", "link", "del", d.Name())
			err := <-failed
			require.ErrorIs(t, err, unix.EBADFD)
			require.ErrorContains(t, err, "tun: read "+d.Name()+": the interface was removed")
			_, err = d.Write(ping(0))
			require.ErrorIs(t, err, unix.EBADFD)
			_, _, err = d.ReadOffload(make([]byte, 1500))
			require.ErrorIs(t, err, unix.EBADFD)
			assert.Equal(t, 1500, d.MTU())
			require.NoError(t, d.Close())
		})
	}
}

func TestWriteRefuses(t *testing.T) {
	lab.NoLeak(t)
	for name, c := range map[string]tun.Config{"offload": {MTU: 1400}, "plain": {MTU: 1400, NoOffload: true}} {
		t.Run(name, func(t *testing.T) {
			d, s := solo(t, c)
			large := make([]byte, 1401)
			large[0] = 0x45
			for _, test := range []struct {
				p    []byte
				want error
			}{
				{large, tunx.ErrMsgSize},
				{large, syscall.EMSGSIZE},
				{nil, syscall.EINVAL},
				{[]byte{}, syscall.EINVAL},
				{[]byte("hello"), syscall.EINVAL},
				{[]byte("neither version 4 nor 6 of the protocol"), syscall.EINVAL},
				{append([]byte{0x44}, make([]byte, 30)...), syscall.EINVAL},
			} {
				n, err := d.Write(test.p)
				assert.Zero(t, n)
				require.ErrorIs(t, err, test.want)
				n, err = d.WriteOffload([][]byte{test.p}, tunx.Offload{})
				assert.Zero(t, n)
				require.ErrorIs(t, err, test.want)
			}
			_, err := d.WriteOffload(nil, tunx.Offload{})
			require.ErrorIs(t, err, syscall.EINVAL)
			_, err = d.WriteOffload([][]byte{ping(100)}, tunx.Offload{Segment: 10})
			require.ErrorIs(t, err, syscall.EINVAL)
			require.ErrorContains(t, err, "invalid packet: a segment size needs NeedsChecksum")
			_, err = d.WriteOffload([][]byte{ping(1300)}, tunx.Offload{Segment: 1380, HeaderLen: 28})
			require.ErrorIs(t, err, syscall.EINVAL)
			_, err = d.WriteOffload([][]byte{make([]byte, 40000), make([]byte, 40000)}, tunx.Offload{})
			require.Error(t, err)

			s.Command(t, "ip", "link", "set", d.Name(), "down")
			_, err = d.Write(ping(0))
			require.ErrorIs(t, err, syscall.EIO)
			require.ErrorContains(t, err, "the interface is down")
			_, err = d.WriteOffload([][]byte{ping(0)}, tunx.Offload{})
			require.ErrorIs(t, err, syscall.EIO)
			udp := tunx.Offload{Segment: 50, HeaderLen: 28, NeedsChecksum: true, CsumStart: 20, CsumOffset: 6}
			n, err := d.WriteOffload([][]byte{ping(100)}, udp)
			require.ErrorIs(t, err, syscall.EIO)
			assert.Zero(t, n)
		})
	}
}

// TestShortBuffer: a packet is cut to the buffer, and the next one is whole.
func TestShortBuffer(t *testing.T) {
	lab.NoLeak(t)
	for name, c := range map[string]tun.Config{"offload": {}, "plain": {NoOffload: true}} {
		t.Run(name, func(t *testing.T) {
			d, _ := solo(t, c)
			for _, size := range []int{0, 1, 20, 27, 128} {
				for range 3 {
					_, err := d.Write(ping(100))
					require.NoError(t, err)
				}
				n, err := d.Read(make([]byte, size))
				require.NoError(t, err)
				assert.Equal(t, size, n)
				n, _, err = d.ReadOffload(make([]byte, size))
				require.NoError(t, err)
				assert.Equal(t, size, n)
				b := make([]byte, 1500)
				n, err = d.Read(b)
				require.NoError(t, err)
				assert.Equal(t, 128, n)
				assert.Equal(t, byte(10), b[12])
			}
		})
	}
}

// TestMalformed: whatever is written, the device goes on.
func TestMalformed(t *testing.T) {
	lab.NoLeak(t)
	d, _ := solo(t, tun.Config{})
	random := &pattern{}
	numbers := func(n int) (v int) {
		var b [4]byte
		random.Read(b[:])
		return (int(b[0])<<16 | int(b[1])<<8 | int(b[2])) % n
	}
	for i := range 5000 {
		p := make([]byte, numbers(300))
		random.Read(p)
		if len(p) > 0 {
			p[0] = []byte{0x45, 0x60, 0x4f, 0x40}[i%4]
		}
		if i%8 > 3 && len(p) > 20 {
			copy(p, ping(max(0, len(p)-28))[:min(len(p), 28)])
			p[9] = []byte{6, 17, 1, 132}[numbers(4)]
		}
		o := tunx.Offload{
			Segment: uint16(numbers(3) * 20), HeaderLen: uint16(numbers(80)), NeedsChecksum: numbers(2) == 0,
			CsumStart: uint16(numbers(60)), CsumOffset: uint16([]int{6, 16, 8}[numbers(3)]),
		}
		if i%3 == 0 {
			o.CsumStart, o.HeaderLen, o.NeedsChecksum = 20, []uint16{28, 40}[numbers(2)], true
		}
		_, _ = d.WriteOffload([][]byte{p}, o)
		_, _ = d.Write(p)
	}
	marked := ping(77)
	for found := false; !found; {
		_, err := d.Write(marked)
		require.NoError(t, err)
		b := make([]byte, 1500)
		n, err := d.Read(b)
		require.NoError(t, err)
		found = n == len(marked)
	}
}
