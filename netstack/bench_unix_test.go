//go:build unix

package netstack_test

import (
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
)

// BenchmarkStreams moves bytes between two stacks over a pipe.
func BenchmarkStreams(b *testing.B) {
	for _, offload := range []bool{true, false} {
		for _, streams := range []int{1, 4, 16} {
			b.Run(fmt.Sprintf("offload=%t/streams=%d", offload, streams), func(b *testing.B) {
				one, two := tunx.Pipe(1500)
				if !offload {
					one, two = plainDevice{one}, plainDevice{two}
				}
				left, right := coreStack(b, one, "192.0.2.1/24"), coreStack(b, two, "192.0.2.2/24")
				l, err := right.Listen("tcp", "192.0.2.2:80")
				require.NoError(b, err)
				var ends [][2]net.Conn
				for range streams {
					c, err := left.Dial("tcp", "192.0.2.2:80")
					require.NoError(b, err)
					a, err := l.Accept()
					require.NoError(b, err)
					ends = append(ends, [2]net.Conn{c, a})
				}
				const chunk = 1 << 20
				b.SetBytes(chunk)
				var before, after syscall.Rusage
				_ = syscall.Getrusage(0, &before)
				b.ResetTimer()
				var wg sync.WaitGroup
				for i, e := range ends {
					n := (b.N + i) / streams * chunk
					wg.Go(func() {
						p := make([]byte, 64<<10)
						for left := n; left > 0; left -= len(p) {
							if _, err := e[0].Write(p); err != nil {
								b.Error(err)
								return
							}
						}
					})
					wg.Go(func() {
						p := make([]byte, 64<<10)
						for left := n; left > 0; {
							got, err := e[1].Read(p)
							if err != nil && err != io.EOF {
								b.Error(err)
								return
							}
							left -= got
						}
					})
				}
				wg.Wait()
				b.StopTimer()
				_ = syscall.Getrusage(0, &after)
				cpu := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
				b.ReportMetric(cpu.Seconds()/(float64(b.N)*chunk/1e9), "cpu-s/GB")
				st := left.Stats().TCP
				b.ReportMetric(float64(st.Retransmits), "retrans")
				l.Close()
				for _, e := range ends {
					e[0].Close()
					e[1].Close()
				}
			})
		}
	}
}
