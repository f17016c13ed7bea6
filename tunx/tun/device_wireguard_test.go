//go:build windows || darwin

package tun_test

import (
	"errors"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	wireguard "golang.zx2c4.com/wireguard/tun"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/tun"
)

// library is a device of the library that has two packets a batch.
type library struct {
	t       *testing.T
	packets chan [][]byte
	written chan []byte
	events  chan wireguard.Event
	closed  chan struct{}
	fail    error

	mu  sync.Mutex
	mtu int
}

func newLibrary(t *testing.T) *library {
	return &library{
		t: t, packets: make(chan [][]byte, 8), written: make(chan []byte, 8),
		events: make(chan wireguard.Event), closed: make(chan struct{}), mtu: 1400,
	}
}

func (l *library) File() *os.File                 { return nil }
func (l *library) Name() (string, error)          { return "fake", nil }
func (l *library) Events() <-chan wireguard.Event { return l.events }
func (l *library) BatchSize() int                 { return 2 }

func (l *library) MTU() (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mtu, l.fail
}

func (l *library) Close() error {
	close(l.closed)
	close(l.events)
	return nil
}

func (l *library) Read(bufs [][]byte, sizes []int, offset int) (int, error) {
	assert.GreaterOrEqual(l.t, offset, 4)
	assert.Len(l.t, bufs, 2)
	select {
	case <-l.closed:
		return 0, os.ErrClosed
	case batch := <-l.packets:
		for i, p := range batch {
			sizes[i] = copy(bufs[i][offset:], p)
		}
		return len(batch), nil
	}
}

func (l *library) Write(bufs [][]byte, offset int) (int, error) {
	assert.GreaterOrEqual(l.t, offset, 4)
	for _, b := range bufs {
		clear(b[:offset]) // as the library may
		select {
		case <-l.closed:
			return 0, os.ErrClosed
		case l.written <- append([]byte(nil), b[offset:]...):
		}
	}
	return len(bufs), nil
}

func over(t *testing.T, l *library, mtu int) *tun.Device {
	t.Helper()
	d, err := tun.Over(l, mtu)
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

// packet is one of IPv4 with a payload.
func packet(payload int) []byte {
	p := make([]byte, 28+payload)
	copy(p, []byte{0x45, 0, byte(len(p) >> 8), byte(len(p)), 0, 1, 0, 0, 64, 17, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1})
	return p
}

func TestOverLibrary(t *testing.T) {
	l := newLibrary(t)
	d := over(t, l, 0)
	assert.Equal(t, "fake", d.Name())
	assert.Equal(t, 1400, d.MTU())
	assert.Equal(t, 1400, d.MaxSegment())
	assert.Empty(t, d.Offloads())
	require.Len(t, d.Queues(), 1)

	l.packets <- [][]byte{packet(1), packet(2)}
	l.packets <- nil
	l.packets <- [][]byte{packet(3)}
	for i := 1; i <= 3; i++ {
		b := make([]byte, 29)
		n, o, err := d.ReadOffload(b)
		require.NoError(t, err)
		assert.Zero(t, o)
		assert.Equal(t, packet(i)[:29], b[:n])
	}

	p := packet(100)
	n, err := d.Write(p)
	require.NoError(t, err)
	assert.Equal(t, len(p), n)
	assert.Equal(t, packet(100), p, "is not changed")
	assert.Equal(t, p, <-l.written)
	n, err = d.WriteOffload([][]byte{p[:9], p[9:]}, tunx.Offload{
		Segment: 60, HeaderLen: 28, NeedsChecksum: true, CsumStart: 20, CsumOffset: 6,
	})
	require.NoError(t, err)
	assert.Equal(t, len(p), n)
	assert.Len(t, <-l.written, 88)
	assert.Len(t, <-l.written, 68)

	_, err = d.Write(packet(1400))
	require.ErrorIs(t, err, tunx.ErrMsgSize)
	_, err = d.WriteOffload([][]byte{packet(1400)}, tunx.Offload{})
	require.ErrorIs(t, err, tunx.ErrMsgSize)
	_, err = d.Write([]byte("hello"))
	require.ErrorContains(t, err, "tun: write fake: invalid packet")

	l.mu.Lock()
	l.mtu = 9000
	l.mu.Unlock()
	l.events <- wireguard.EventMTUUpdate
	for end := time.Now().Add(10 * time.Second); d.MTU() != 9000 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	assert.Equal(t, 9000, d.MTU())
}

func TestOverLibraryClose(t *testing.T) {
	l := newLibrary(t)
	d := over(t, l, 1300)
	assert.Equal(t, 1300, d.MTU())
	errs := make(chan error)
	for range 3 {
		go func() { _, err := d.Read(make([]byte, 1500)); errs <- err }()
	}
	l.packets <- nil // somebody reads
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() { assert.NoError(t, d.Close()) })
	}
	group.Wait()
	for range 3 {
		assert.Equal(t, io.EOF, <-errs)
	}
	_, err := d.Write(packet(1))
	require.ErrorIs(t, err, tunx.ErrClosed)
	_, err = d.WriteOffload([][]byte{packet(1)}, tunx.Offload{})
	require.ErrorIs(t, err, tunx.ErrClosed)
}

func TestOverLibraryFails(t *testing.T) {
	l := newLibrary(t)
	l.fail = errors.New("no MTU")
	_, err := tun.Over(l, 0)
	require.ErrorIs(t, err, l.fail)
	assert.Equal(t, "tun: open fake: MTU=0: no MTU", err.Error())
	<-l.closed

	l = newLibrary(t)
	d := over(t, l, 1300)
	l.Close() // not by us
	_, err = d.Read(make([]byte, 1500))
	require.ErrorIs(t, err, os.ErrClosed)
	require.ErrorContains(t, err, "tun: read fake: ")
	for range cap(l.written) {
		l.written <- nil
	}
	_, err = d.Write(packet(1))
	require.ErrorContains(t, err, "tun: write fake: ")
	l.closed, l.events = make(chan struct{}), make(chan wireguard.Event) // for Close
}
