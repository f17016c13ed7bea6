package tunx_test

import (
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
)

// An idle session costs less than 5 KiB, with its socket, its goroutine, and its place in
// the table.
func TestSessionMemory(t *testing.T) {
	if raceEnabled || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("measured on Linux, amd64, without the race detector")
	}
	noLeak(t)
	const count = 400
	a := make(answers, 10)
	echo := udpEcho(t, "127.0.0.1:0")
	s := newSessions(t, direct(t), a, nil)
	open := func(first int) {
		for i := range count {
			require.NoError(t, s.WriteTo([]byte("x"), local(first+i), echo))
			a.next(t)
		}
	}
	open(1) // what stays, and is there once
	before := memory()
	open(10_000)
	assert.Less(t, float64(memory()-before)/count, 5*1024.0)
	assert.Equal(t, 2*count, s.Stats().Open)
}

// memory is what the heap and stacks have in use.
func memory() int64 {
	var m runtime.MemStats
	for range 2 { // the second one empties the pools
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func BenchmarkSessionsOneFlow(b *testing.B)      { benchmarkFlows(b, 1) }
func BenchmarkSessionsSixteenFlows(b *testing.B) { benchmarkFlows(b, 16) }

// benchmarkFlows sends datagrams of 64 bytes to sockets that nobody reads.
func benchmarkFlows(b *testing.B, flows int) {
	var remotes []netip.AddrPort
	for range flows {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		require.NoError(b, err)
		defer c.Close()
		remotes = append(remotes, c.LocalAddr().(*net.UDPAddr).AddrPort())
	}
	s := newSessions(b, direct(b), nil, nil)
	p := make([]byte, 64)
	b.ReportAllocs()
	begin := time.Now()
	for i := 0; b.Loop(); i++ {
		for s.WriteTo(p, local(1+i%flows), remotes[i%flows]) == tunx.ErrQueueFull {
			runtime.Gosched()
		}
	}
	b.ReportMetric(float64(s.Stats().Sent.Datagrams)/time.Since(begin).Seconds(), "sent/s")
}

// BenchmarkPipe moves packets of the usual length.
func BenchmarkPipe(b *testing.B) {
	left, right := tunx.Pipe(1500)
	defer left.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for p := make([]byte, 1500); ; {
			if _, err := right.Read(p); err != nil {
				return
			}
		}
	}()
	p := make([]byte, 1500)
	b.SetBytes(1500)
	b.ReportAllocs()
	for b.Loop() {
		left.Write(p)
	}
	left.Close()
	<-done
}
