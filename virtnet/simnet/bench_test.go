package simnet_test

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// couples are what is compared: a conn between two hosts, and a pipe.
func couples(b *testing.B) map[string]func() (net.Conn, net.Conn) {
	b.Helper()
	n := network(b, simnet.Config{Order: simnet.OrderDirect})
	x, y := host(b, n, "x"), host(b, n, "y")
	return map[string]func() (net.Conn, net.Conn){
		"simnet": func() (net.Conn, net.Conn) { return pair(b, x, y) },
		"pipe":   net.Pipe,
	}
}

func BenchmarkDial(b *testing.B) {
	n := network(b, simnet.Config{Order: simnet.OrderDirect})
	x, y := host(b, n, "x"), host(b, n, "y")
	l, err := y.Listen(":80")
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		c, err := x.Dial(b.Context(), "y:80")
		if err != nil {
			b.Fatal(err)
		}
		d, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
		d.Close()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "dials/s")
}

func BenchmarkRoundTrip(b *testing.B) {
	for name, couple := range couples(b) {
		b.Run(name, func(b *testing.B) {
			c, d := couple()
			done := make(chan struct{})
			go func() {
				defer close(done)
				buf := make([]byte, 64)
				for {
					if _, err := io.ReadFull(d, buf); err != nil {
						return
					}
					if _, err := d.Write(buf); err != nil {
						return
					}
				}
			}()
			buf := make([]byte, 64)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Write(buf); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(c, buf); err != nil {
					b.Fatal(err)
				}
			}
			c.Close()
			<-done
			d.Close()
		})
	}
}

func BenchmarkBulk(b *testing.B) {
	for name, couple := range couples(b) {
		for size, text := range map[int]string{1 << 10: "1KiB", 64 << 10: "64KiB"} {
			b.Run(name+"/"+text, func(b *testing.B) {
				c, d := couple()
				done := make(chan struct{})
				go func() {
					defer close(done)
					buf := make([]byte, 64<<10)
					for {
						if _, err := d.Read(buf); err != nil {
							return
						}
					}
				}()
				buf := make([]byte, size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := c.Write(buf); err != nil {
						b.Fatal(err)
					}
				}
				c.Close()
				<-done
				d.Close()
			})
		}
	}
}
