package udpbatch_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/listener/udpbatch"
)

// Neither a batch nor a single datagram allocates, joined or not, with and
// without metadata.
func TestAllocations(t *testing.T) {
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
			all := udpbatch.Config{Address: address}
			if hasMetadata() {
				all.PacketInfo, all.ECN, all.HopLimit = true, true, true
			}
			in, out := listen(t, configure(all)), listen(t, configure(udpbatch.Config{Address: address}))
			to := addrOf(in)
			ms := patterns(to, append(repeat(40, 100), repeat(10, 30, 50)...))
			got := make([]udpbatch.Message, 30)
			assert.Zero(t, testing.AllocsPerRun(100, func() {
				n, err := out.WriteBatch(ms)
				for err == nil && n > 0 {
					var k int
					k, err = in.ReadBatch(got)
					n -= k
				}
				if err != nil {
					t.Error(err)
				}
			}))
			b := make([]byte, 100)
			assert.Zero(t, testing.AllocsPerRun(100, func() {
				if _, err := out.WriteToUDPAddrPort(b, to); err != nil {
					t.Error(err)
				}
				if _, _, err := in.ReadFromUDPAddrPort(b); err != nil {
					t.Error(err)
				}
			}))
			connected := dial(t, to.String(), configure(udpbatch.Config{}))
			assert.Zero(t, testing.AllocsPerRun(100, func() {
				if _, err := connected.WriteBatch(ms[:10]); err != nil {
					t.Error(err)
				}
				for range 10 {
					if _, err := in.Read(b); err != nil {
						t.Error(err)
					}
				}
			}))
		}
	})
}
