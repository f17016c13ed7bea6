package quicx_test

import (
	"context"
	"io"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// BenchmarkStream copies 64 MiB through a stream: bare, and as a net.Conn.
func BenchmarkStream(b *testing.B) {
	const size = 64 << 20
	for _, bench := range []struct {
		name string
		wrap func(*quic.Conn, *quic.Stream) io.ReadWriteCloser
	}{
		{"quic-go", func(_ *quic.Conn, s *quic.Stream) io.ReadWriteCloser { return s }},
		{"StreamConn", func(c *quic.Conn, s *quic.Stream) io.ReadWriteCloser { return quicx.NewStreamConn(c, s) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			c, peer := quicPair(b, nil, nil)
			b.SetBytes(size)
			for b.Loop() {
				out, err := c.OpenStreamSync(b.Context())
				require.NoError(b, err)
				done := make(chan int64)
				go func() {
					in, err := peer.AcceptStream(context.Background())
					if err != nil {
						done <- 0
						return
					}
					n, _ := io.Copy(io.Discard, bench.wrap(peer, in))
					_ = in.Close()
					done <- n
				}()
				w := bench.wrap(c, out)
				_, err = io.CopyN(w, zeros{}, size)
				require.NoError(b, err)
				require.NoError(b, w.Close())
				require.EqualValues(b, size, <-done)
			}
			require.NoError(b, c.CloseWithError(0, ""))
		})
	}
}

// zeros reads zeros.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }
