package tunx_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/internal/segment"
)

func TestPipe(t *testing.T) {
	a, b := tunx.Pipe(0)
	assert.Equal(t, 1500, a.MTU())
	n, err := a.Write([]byte("hello"))
	require.NoError(t, err)
	assert.Equal(t, 5, n)
	p := make([]byte, 1500)
	n, err = b.Read(p)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(p[:n]))
	_, err = b.Write([]byte("there and back"))
	require.NoError(t, err)
	n, err = a.Read(p[:5])
	require.NoError(t, err)
	assert.Equal(t, "there", string(p[:n]), "the rest is cut")
	n, err = a.Write(make([]byte, 1501))
	assert.Zero(t, n)
	require.ErrorIs(t, err, tunx.ErrMsgSize)
	for mtu, want := range map[int]int{1: 68, -1: 68, 9000: 9000, 1 << 20: 65535} {
		c, d := tunx.Pipe(mtu)
		assert.Equal(t, want, c.MTU())
		assert.Equal(t, want, d.MTU())
	}
}

// Close wakes who waits, at both ends, and leaves to the other what it has not read.
func TestPipeClose(t *testing.T) {
	noLeak(t)
	a, b := tunx.Pipe(0)
	var group sync.WaitGroup
	group.Go(func() {
		_, err := b.Read(make([]byte, 10))
		assert.Equal(t, io.EOF, err)
	})
	group.Go(func() {
		for {
			if _, err := b.Write(make([]byte, 1000)); err != nil {
				assert.ErrorIs(t, err, tunx.ErrClosed)
				return
			}
		}
	})
	group.Go(func() {
		time.Sleep(time.Millisecond)
		assert.NoError(t, b.Close())
	})
	group.Wait()
	require.NoError(t, b.Close())
	require.NoError(t, a.Close())
	_, err := b.Read(nil)
	require.Equal(t, io.EOF, err)
	_, err = a.Write(nil)
	require.ErrorIs(t, err, tunx.ErrClosed)

	a, b = tunx.Pipe(0)
	for range 2 {
		_, err = a.Write([]byte("x"))
		require.NoError(t, err)
	}
	require.NoError(t, a.Close())
	for range 2 {
		n, err := b.Read(make([]byte, 10))
		require.NoError(t, err)
		assert.Equal(t, 1, n)
	}
	_, err = b.Read(make([]byte, 10))
	assert.Equal(t, io.EOF, err)
}

// Nothing is lost or exchanged while writers wait for readers.
// What Read has of a packet that stands for several is gone with Close, as what it has not.
func TestPipeCloseBetweenSegments(t *testing.T) {
	noLeak(t)
	a, b := tunx.Pipe(0)
	p := make([]byte, 28+3*100)
	copy(p, []byte{0x45, 0, byte(len(p) >> 8), byte(len(p)), 0, 1, 0, 0, 64, 17})
	n, err := a.(tunx.OffloadDevice).WriteOffload([][]byte{p}, tunx.Offload{
		Segment: 100, HeaderLen: 28, NeedsChecksum: true, CsumStart: 20, CsumOffset: 6,
	})
	require.NoError(t, err)
	assert.Len(t, p, n)
	n, err = b.Read(make([]byte, 1500))
	require.NoError(t, err)
	assert.Equal(t, 128, n)
	require.NoError(t, b.Close())
	n, err = b.Read(make([]byte, 1500))
	assert.Equal(t, io.EOF, err)
	assert.Zero(t, n)
}

func TestPipeLosesNothing(t *testing.T) {
	noLeak(t)
	a, b := tunx.Pipe(0)
	const each, writers = 3000, 3
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			p := make([]byte, 1500)
			for i := range each {
				p[0] = byte(w)
				binary.BigEndian.PutUint32(p[1:], uint32(i))
				if _, err := a.Write(p[:20+i%1400]); !assert.NoError(t, err) {
					return
				}
			}
		})
	}
	var next [writers]uint32
	p := make([]byte, 1500)
	for range each * writers {
		n, err := b.Read(p)
		require.NoError(t, err)
		i := binary.BigEndian.Uint32(p[1:])
		require.Equal(t, next[p[0]], i)
		require.EqualValues(t, 20+i%1400, n)
		next[p[0]]++
	}
	group.Wait()
}

// superPacket returns a TCP packet whose segments have mss bytes.
func superPacket(payload, mss int) ([]byte, tunx.Offload) {
	p := make([]byte, 40+payload)
	p[0] = 0x45
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	p[8], p[9] = 64, 6
	copy(p[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
	p[32] = 0x50
	for i := range payload {
		p[40+i] = byte(i)
	}
	pseudo := segment.Sum(p[12:20], 0)
	pseudo = segment.Sum([]byte{0, 6, byte((20 + payload) >> 8), byte(20 + payload)}, pseudo)
	binary.BigEndian.PutUint16(p[36:], pseudo)
	return p, tunx.Offload{Segment: uint16(mss), HeaderLen: 40, NeedsChecksum: true, CsumStart: 20, CsumOffset: 16}
}

// good checks the checksum of a TCP packet.
func good(t *testing.T, p []byte) {
	t.Helper()
	sum := segment.Sum(p[12:20], 0)
	sum = segment.Sum([]byte{0, 6, byte((len(p) - 20) >> 8), byte(len(p) - 20)}, sum)
	require.EqualValues(t, 0xffff, segment.Sum(p[20:], sum))
	require.EqualValues(t, len(p), binary.BigEndian.Uint16(p[2:]))
}

// Large packets cross the pipe as they are, for who asks for them; others get the packets
// that they stand for.
func TestPipeOffload(t *testing.T) {
	left, right := tunx.Pipe(1500)
	a, b := left.(tunx.OffloadDevice), right.(tunx.OffloadDevice)
	assert.Equal(t, 65535, a.MaxSegment())
	whole, o := superPacket(60_000, 1460)
	n, err := a.WriteOffload([][]byte{whole[:40], whole[40:100], nil, whole[100:]}, o)
	require.NoError(t, err)
	assert.Equal(t, len(whole), n)
	p := make([]byte, 65535)
	n, got, err := b.ReadOffload(p)
	require.NoError(t, err)
	assert.Equal(t, o, got)
	assert.True(t, bytes.Equal(whole, p[:n]))

	_, err = a.WriteOffload([][]byte{whole}, o)
	require.NoError(t, err)
	single, one := superPacket(1000, 0)
	one.Segment, one.HeaderLen = 0, 0
	_, err = a.WriteOffload([][]byte{single}, one)
	require.NoError(t, err)
	var payload []byte
	for len(payload) < 60_000 {
		n, err := b.Read(p[:1500])
		require.NoError(t, err)
		good(t, p[:n])
		payload = append(payload, p[40:n]...)
	}
	assert.True(t, bytes.Equal(whole[40:], payload))
	n, err = b.Read(p)
	require.NoError(t, err)
	good(t, p[:n])
	assert.Equal(t, single[40:], p[40:n])

	for name, each := range map[string]struct {
		length  int
		offload tunx.Offload
		is      error
	}{
		"longer than MTU":          {1501, tunx.Offload{}, tunx.ErrMsgSize},
		"longer than any":          {65536, o, tunx.ErrMsgSize},
		"segments longer than MTU": {60_040, tunx.Offload{Segment: 1461, HeaderLen: 40, NeedsChecksum: true, CsumStart: 20, CsumOffset: 16}, tunx.ErrMsgSize},
		"checksum outside":         {60, tunx.Offload{NeedsChecksum: true, CsumStart: 60}, nil},
		"segment without checksum": {60, tunx.Offload{Segment: 5}, nil},
	} {
		b := make([]byte, each.length)
		copy(b, whole)
		n, err := a.WriteOffload([][]byte{b}, each.offload)
		assert.Zero(t, n, name)
		require.Error(t, err, name)
		if each.is != nil {
			assert.ErrorIs(t, err, each.is, name)
		} else {
			assert.ErrorContains(t, err, "write: offload=", name)
		}
	}
	require.NoError(t, a.Close())
	_, _, err = a.ReadOffload(p)
	assert.Equal(t, io.EOF, err)
}

// A direction keeps 1 MiB, or one packet: more waits.
func TestPipeBound(t *testing.T) {
	noLeak(t)
	a, b := tunx.Pipe(65535)
	written := make(chan int)
	go func() {
		n := 0
		for ; ; n++ {
			if _, err := a.Write(make([]byte, 65535)); err != nil {
				written <- n
				return
			}
		}
	}()
	p := make([]byte, 65535)
	for range 100 {
		_, err := b.Read(p)
		require.NoError(t, err)
	}
	require.NoError(t, b.Close())
	assert.LessOrEqual(t, <-written, 100+16+1)
}

func TestPipeAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, and makes sync.Pool forget")
	}
	a, b := tunx.Pipe(1500)
	p := make([]byte, 1500)
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		a.Write(p)
		b.Read(p)
	}))
}
