package pcap_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/pcap"
)

// packet is an IPv4 packet of UDP from port 1000 to 2000, whose transport checksum is not
// computed, and what is left to do for it.
func packet(payload int, segment uint16) ([]byte, tunx.Offload) {
	p := make([]byte, 28+payload)
	copy(p, []byte{0x45, 0, byte(len(p) >> 8), byte(len(p)), 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2})
	binary.BigEndian.PutUint16(p[10:], ^sum(p[:20], 0))
	binary.BigEndian.PutUint16(p[20:], 1000)
	binary.BigEndian.PutUint16(p[22:], 2000)
	binary.BigEndian.PutUint16(p[24:], uint16(8+payload))
	for i := range payload {
		p[28+i] = byte(i)
	}
	binary.BigEndian.PutUint16(p[26:], sum(p[12:20], uint32(17+8+payload)))
	return p, tunx.Offload{Segment: segment, HeaderLen: 28, NeedsChecksum: true, CsumStart: 20, CsumOffset: 6}
}

func sum(p []byte, s uint32) uint16 {
	for i := 0; i+1 < len(p); i += 2 {
		s += uint32(p[i])<<8 | uint32(p[i+1])
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// noLeak checks that the test's goroutines end.
func noLeak(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		n := 0
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if n = runtime.NumGoroutine(); n <= before {
				return
			}
		}
		t.Errorf("%d goroutines, before: %d", n, before)
	})
}

// tap taps one end of a pipe.
func tap(t *testing.T, w io.Writer, c *pcap.Config) (tunx.OffloadDevice, tunx.OffloadDevice, *pcap.Capture) {
	t.Helper()
	a, b := tunx.Pipe(1500)
	tapped, capture, err := pcap.Tap(a, w, c)
	require.NoError(t, err)
	t.Cleanup(func() { tapped.Close(); capture.Close() })
	return tapped.(tunx.OffloadDevice), b.(tunx.OffloadDevice), capture
}

func TestConfig(t *testing.T) {
	var file bytes.Buffer
	a, _ := tunx.Pipe(0)
	for want, c := range map[string]*pcap.Config{
		`SnapLen=-1: must be from 0 to 65535 bytes`:               {SnapLen: -1},
		`SnapLen=65536: must be from 0 to 65535 bytes`:            {SnapLen: 65536},
		`Buffer=1: must be 0, or from 131072 to 1073741824 bytes`: {Buffer: 1},
	} {
		_, _, err := pcap.Tap(a, &file, c)
		var e *pcap.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "pcap: config: "+want, err.Error())
	}
	_, _, err := pcap.Tap(a, &file, &pcap.Config{Name: string(make([]byte, 256)), SnapLen: -1, Buffer: -1})
	for _, field := range []string{"Name=", "SnapLen=", "Buffer="} {
		assert.ErrorContains(t, err, field)
	}
	assert.Zero(t, file.Len())
}

// TestTransparent: the device does what it did.
func TestTransparent(t *testing.T) {
	noLeak(t)
	a, b, _ := tap(t, io.Discard, nil)
	assert.Equal(t, 1500, a.MTU())
	assert.Equal(t, 65535, a.MaxSegment())
	p, o := packet(3000, 1000)
	n, err := a.WriteOffload([][]byte{p[:28], p[28:]}, o)
	require.NoError(t, err)
	assert.Equal(t, len(p), n)
	got := make([]byte, 65535)
	n, with, err := b.ReadOffload(got)
	require.NoError(t, err)
	assert.Equal(t, o, with)
	assert.Equal(t, p, got[:n])
	_, err = b.WriteOffload([][]byte{p}, o)
	require.NoError(t, err)
	n, with, err = a.ReadOffload(got)
	require.NoError(t, err)
	assert.Equal(t, o, with)
	assert.Equal(t, p, got[:n])

	_, err = a.Write(make([]byte, 1501))
	require.ErrorIs(t, err, tunx.ErrMsgSize)
	require.NoError(t, a.Close())
	_, err = a.Write(p[:100])
	require.ErrorIs(t, err, tunx.ErrClosed)
	_, err = a.WriteOffload([][]byte{p[:100]}, tunx.Offload{})
	require.ErrorIs(t, err, tunx.ErrClosed)
	_, err = a.Read(got)
	require.ErrorIs(t, err, io.EOF)
	_, _, err = a.ReadOffload(got)
	require.ErrorIs(t, err, io.EOF)
}

// several is a device with queues.
type several struct {
	tunx.IPDevice

	queues []tunx.IPDevice
}

func (s *several) Queues() []tunx.IPDevice { return s.queues }

// plain hides what else a device can do.
type plain struct{ tunx.IPDevice }

// TestKinds: the tapped device can do what the device can, no more and no less.
func TestKinds(t *testing.T) {
	noLeak(t)
	pipe, _ := tunx.Pipe(0)
	q := &several{plain{pipe}, []tunx.IPDevice{pipe, plain{pipe}}}
	for name, test := range map[string]struct {
		dev           tunx.IPDevice
		offload, many bool
	}{
		"plain":   {plain{pipe}, false, false},
		"offload": {pipe, true, false},
		"queues":  {q, false, true},
		"both": {&struct {
			tunx.OffloadDevice
			queuesOnly
		}{pipe.(tunx.OffloadDevice), queuesOnly{q.queues}}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			d, capture, err := pcap.Tap(test.dev, io.Discard, nil)
			require.NoError(t, err)
			_, ok := d.(tunx.OffloadDevice)
			assert.Equal(t, test.offload, ok)
			m, ok := d.(tunx.MultiQueue)
			assert.Equal(t, test.many, ok)
			if ok {
				all := m.Queues()
				require.Len(t, all, 2)
				_, ok = all[0].(tunx.OffloadDevice)
				assert.True(t, ok)
				_, ok = all[1].(tunx.OffloadDevice)
				assert.False(t, ok)
				all[0] = nil // is a copy
				assert.NotNil(t, m.Queues()[0])
			}
			require.NoError(t, capture.Close())
		})
	}
}

type queuesOnly struct{ all []tunx.IPDevice }

func (q queuesOnly) Queues() []tunx.IPDevice { return q.all }

// stuck is a writer that takes the header, and then waits.
type stuck struct {
	bytes.Buffer

	first sync.Once
	gate  chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	wait := true
	s.first.Do(func() { wait = false })
	if wait {
		<-s.gate
	}
	return s.Buffer.Write(p)
}

// TestSlowWriter: a writer that does not take anything costs packets of the capture, not
// the device's, and bounded memory. The file says how many.
func TestSlowWriter(t *testing.T) {
	noLeak(t)
	w := &stuck{gate: make(chan struct{})}
	a, b, capture := tap(t, w, &pcap.Config{Buffer: 128 << 10})
	p, _ := packet(1400, 0)
	got := make([]byte, 1500)
	const sent = 1000
	for range sent {
		_, err := b.Write(p)
		require.NoError(t, err)
		n, err := a.Read(got)
		require.NoError(t, err)
		require.Equal(t, p, got[:n])
	}
	stats := capture.Stats()
	assert.Equal(t, uint64(sent), stats.Packets+stats.Dropped)
	assert.Greater(t, stats.Dropped, uint64(500))
	assert.Equal(t, stats.Packets*1428, stats.Bytes)
	require.NoError(t, a.Close()) // does not wait either
	close(w.gate)
	require.NoError(t, capture.Close())
	assert.Less(t, w.Len(), 300<<10)
	stats = capture.Stats()
	tail := w.Bytes()[w.Len()-52:] // the statistics: type, interface, time, two counters
	assert.Equal(t, uint32(5), binary.LittleEndian.Uint32(tail))
	assert.Equal(t, uint64(sent), binary.LittleEndian.Uint64(tail[len(tail)-28:]))
	assert.Equal(t, stats.Dropped, binary.LittleEndian.Uint64(tail[len(tail)-16:]))
}

// broken is a writer that fails after some calls.
type broken struct{ calls int }

var errBroken = errors.New("broken")

func (b *broken) Write(p []byte) (int, error) {
	if b.calls--; b.calls < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestBrokenWriter(t *testing.T) {
	noLeak(t)
	pipe, _ := tunx.Pipe(0)
	_, _, err := pcap.Tap(pipe, &broken{}, nil)
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, "pcap: write: broken", err.Error())

	a, b, capture := tap(t, &broken{1}, nil)
	p, _ := packet(100, 0)
	for end := time.Now().Add(30 * time.Second); capture.Stats().Dropped == 0 && time.Now().Before(end); {
		_, err := a.Write(p)
		require.NoError(t, err)
		_, err = b.Read(make([]byte, 1500))
		require.NoError(t, err)
	}
	assert.NotZero(t, capture.Stats().Dropped)
	for range 2 {
		err = capture.Close()
		require.ErrorIs(t, err, errBroken)
		var e *pcap.Error
		require.ErrorAs(t, err, &e)
	}
	_, err = a.Write(p)
	require.NoError(t, err, "the device goes on")
}
