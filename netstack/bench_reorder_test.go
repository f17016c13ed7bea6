package netstack_test

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// late delivers one packet of a hundred 2 ms late. It has no offloads, so that each is one
// of the wire.
type late struct{ tunx.IPDevice }

func (d late) Write(p []byte) (int, error) {
	if rand.IntN(100) > 0 {
		return d.IPDevice.Write(p)
	}
	p = slices.Clone(p)
	time.AfterFunc(2*time.Millisecond, func() { _, _ = d.IPDevice.Write(p) })
	return len(p), nil
}

// BenchmarkReordering moves bytes over a link that changes the order of packets.
func BenchmarkReordering(b *testing.B) {
	for name, c := range map[string]netstack.Config{
		"cubic/rack": {}, "cubic/sack": {NoRACK: true}, "reno/rack": {Congestion: "reno"}, "reno/sack": {Congestion: "reno", NoRACK: true},
	} {
		b.Run(name, func(b *testing.B) {
			one, two := tunx.Pipe(1500)
			var stacks []*netstack.Stack
			for i, dev := range []tunx.IPDevice{late{one}, plainDevice{two}} {
				s, err := netstack.New(&c)
				require.NoError(b, err)
				defer s.Close()
				require.NoError(b, s.CreateNIC(1, dev))
				p := netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), 24)
				require.NoError(b, s.AddAddress(1, p))
				require.NoError(b, s.SetRouteTable([]netstack.Route{{Destination: p.Masked(), NIC: 1}}))
				stacks = append(stacks, s)
			}
			l, err := stacks[1].Listen("tcp", "192.0.2.2:80")
			require.NoError(b, err)
			c, err := stacks[0].Dial("tcp", "192.0.2.2:80")
			require.NoError(b, err)
			a, err := l.Accept()
			require.NoError(b, err)
			const chunk = 1 << 20
			b.SetBytes(chunk)
			b.ResetTimer()
			go func() {
				for p := make([]byte, chunk); ; {
					if _, err := c.Write(p); err != nil {
						return
					}
				}
			}()
			p := make([]byte, 64<<10)
			for left := b.N * chunk; left > 0; {
				n, err := a.Read(p)
				require.NoError(b, err)
				left -= n
			}
			b.StopTimer()
			b.ReportMetric(float64(stacks[0].Stats().TCP.Retransmits)/float64(b.N), "resent/MiB")
		})
	}
}
