package simnet_test

import (
	"testing"

	"github.com/strata-net/strata/virtnet/simnet"
)

// What the fabric costs for each packet, without an engine.
func BenchmarkPass(b *testing.B) {
	chained, err := simnet.NewTopologyLab(chain())
	if err != nil {
		b.Fatal(err)
	}
	natted, err := simnet.NewTopologyLab(home(simnet.NAT{}))
	if err != nil {
		b.Fatal(err)
	}
	for _, bb := range []struct {
		name     string
		lab      *simnet.Lab
		from, to string
	}{
		{"ideal", simnet.NewLab(1, simnet.Link{}, "a", "b"), "a", "b"},
		{"lossy", simnet.NewLab(1, simnet.Link{Latency: ms, Jitter: ms, Loss: 0.1, Bandwidth: 1e12}, "a", "b"), "a", "b"},
		{"routers", chained, "a", "b"},
		{"nat", natted, "phone", "x"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			bb.lab.Bench(b.N, bb.from, bb.to)
		})
	}
}
