package simnet_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

const ms = time.Millisecond

// flood sends datagrams from a to b, each gap one of the same size, and returns
// them with what became of them.
func flood(t *testing.T, l simnet.Link, count int, gap time.Duration, size int) []*simnet.Packet {
	t.Helper()
	require.NoError(t, l.Check())
	lab := simnet.NewLab(42, l, "a", "b")
	var all []*simnet.Packet
	for i := range count {
		all = append(all, lab.Pass(labDatagram(i, gap, size)))
	}
	return all
}

func labDatagram(i int, gap time.Duration, size int) *simnet.Packet {
	return &simnet.Packet{
		From: "a", Src: "a:1", Dst: "b:2", Proto: simnet.UDP, Step: simnet.StepDatagram,
		Size: size, Flow: 1, Number: uint64(i), At: time.Duration(i) * gap,
	}
}

func TestLatency(t *testing.T) {
	for _, p := range flood(t, simnet.Link{Latency: 20 * ms}, 3, 7*ms, 100) {
		assert.Equal(t, []time.Duration{p.At + 20*ms}, p.Arrived)
		assert.Equal(t, "b", p.To)
	}
}

// 1500 bytes at 12 Mbit/s take 1 ms: packets sent at once leave one by one.
func TestBandwidth(t *testing.T) {
	for i, p := range flood(t, simnet.Link{Bandwidth: 12e6, Latency: 5 * ms}, 100, 0, 1500) {
		assert.Equal(t, []time.Duration{time.Duration(i+1)*ms + 5*ms}, p.Arrived)
	}
	// Sent slower than that, each is alone on the link.
	for _, p := range flood(t, simnet.Link{Bandwidth: 12e6}, 100, 2*ms, 1500) {
		assert.Equal(t, []time.Duration{p.At + ms}, p.Arrived)
	}
	// Times that do not divide are rounded up, and errors do not add up to more.
	all := flood(t, simnet.Link{Bandwidth: 7}, 3, 0, 1)
	assert.Equal(t, time.Duration(1142857143), all[0].Arrived[0])
	assert.Equal(t, time.Duration(3*1142857143), all[2].Arrived[0])
}

// What does not find room in the queue is lost, and the queue empties as time goes
// by.
func TestQueue(t *testing.T) {
	link := simnet.Link{Bandwidth: 12e6, QueueBytes: 15000}
	lost := func(all []*simnet.Packet) (n int) {
		for _, p := range all {
			if p.Drop == simnet.ReasonQueue {
				n++
			}
		}
		return n
	}
	all := flood(t, link, 100, 0, 1500)
	assert.Equal(t, 90, lost(all), "ten fit, the one that is sent included")
	assert.Equal(t, 10*ms, all[9].Arrived[0])
	assert.Empty(t, all[10].Arrived)
	// Twice the bandwidth: the queue fills, then every other one is lost.
	all = flood(t, link, 1000, ms/2, 1500)
	assert.InDelta(t, 490, lost(all), 1)
	// A packet larger than the queue passes an idle link.
	assert.Zero(t, lost(flood(t, simnet.Link{Bandwidth: 12e6, QueueBytes: 10}, 2, time.Second, 1500)))
	// The default is 256 KiB.
	assert.Equal(t, 300-262144/1500, lost(flood(t, simnet.Link{Bandwidth: 12e6}, 300, 0, 1500)))
}

func TestShares(t *testing.T) {
	count := func(l simnet.Link, is func(*simnet.Packet) bool) (n int) {
		lab := simnet.NewLab(42, l, "a", "b")
		for i := range draws {
			if is(lab.Pass(labDatagram(i, 0, 100))) {
				n++
			}
		}
		return n
	}
	for _, share := range []float64{0.01, 0.5} {
		for name, n := range map[string]int{
			"loss":      count(simnet.Link{Loss: share}, func(p *simnet.Packet) bool { return p.Drop == simnet.ReasonLoss }),
			"duplicate": count(simnet.Link{Duplicate: share}, func(p *simnet.Packet) bool { return len(p.Arrived) == 2 }),
			"corrupt":   count(simnet.Link{Corrupt: share}, func(p *simnet.Packet) bool { return len(p.Corrupt) == 1 }),
			"reorder":   count(simnet.Link{Reorder: share}, func(p *simnet.Packet) bool { return p.Arrived[0] == ms }),
		} {
			assert.InDelta(t, share*draws, n, near(share), "%s %v", name, share)
		}
	}
}

func TestAllAndNothing(t *testing.T) {
	for _, p := range flood(t, simnet.Link{Loss: 1}, 100, 0, 100) {
		assert.Equal(t, simnet.ReasonLoss, p.Drop)
	}
	for _, p := range flood(t, simnet.Link{Duplicate: 1, Corrupt: 1, Reorder: 1}, 100, 0, 100) {
		assert.Len(t, p.Corrupt, 1)
		assert.Equal(t, []time.Duration{ms, ms}, p.Arrived)
	}
}

// Jitter is even between none and all of it, and changes no order.
func TestJitter(t *testing.T) {
	var sum time.Duration
	least, most := time.Hour, time.Duration(0)
	for _, p := range flood(t, simnet.Link{Latency: 10 * ms, Jitter: 4 * ms}, draws, 5*ms, 100) {
		took := p.Arrived[0] - p.At
		sum, least, most = sum+took, min(least, took), max(most, took)
	}
	// Deviation of one is 4 ms / √12; of the mean that over √draws.
	assert.InDelta(t, 12*ms, sum/draws, float64(5*4*ms)/math.Sqrt(12*draws))
	assert.InDelta(t, 10*ms, least, float64(ms)/100)
	assert.InDelta(t, 14*ms, most, float64(ms)/100)
	all := flood(t, simnet.Link{Latency: 10 * ms, Jitter: 4 * ms}, 1000, ms/10, 100)
	assert.True(t, slices.IsSortedFunc(all, func(a, b *simnet.Packet) int { return int(a.Arrived[0] - b.Arrived[0]) }))
}

// What is held back is overtaken by what is sent soon after.
func TestReorder(t *testing.T) {
	for link, hold := range map[*simnet.Link]time.Duration{
		{Reorder: 0.1}:                   ms,
		{Reorder: 0.1, Latency: 10 * ms}: 10 * ms,
	} {
		overtaken := 0
		all := flood(t, *link, 1000, ms/4, 100)
		for i, p := range all[:999] {
			if p.Arrived[0] == p.At+link.Latency+hold {
				overtaken++
				if all[i+1].Arrived[0] != all[i+1].At+link.Latency+hold {
					assert.Less(t, all[i+1].Arrived[0], p.Arrived[0])
				}
			}
		}
		assert.InDelta(t, 100, overtaken, 50)
	}
}

func TestMTU(t *testing.T) {
	assert.Equal(t, simnet.ReasonMTU, flood(t, simnet.Link{MTU: 1500}, 1, 0, 1501)[0].Drop)
	assert.Len(t, flood(t, simnet.Link{MTU: 1500}, 1, 0, 1500)[0].Arrived, 1)
	lab := simnet.NewLab(1, simnet.Link{MTU: 1400}, "a", "b")
	assert.Equal(t, 1400, lab.MTU("a", "b:1"))
	assert.Equal(t, simnet.DefaultMTU, lab.MTU("a", "a:1"), "nothing is between a host and itself")
	assert.Equal(t, simnet.DefaultMTU, lab.MTU("a", "192.0.2.1:1"))
	require.NoError(t, lab.Apply(simnet.SetLink("a", "b", simnet.Link{MTU: 1300})))
	assert.Equal(t, 1300, lab.MTU("a", "b:1"))
	assert.Equal(t, 1400, lab.MTU("b", "a:1"))
	assert.Equal(t, simnet.DefaultMTU, simnet.NewLab(1, simnet.Link{}, "a", "b").MTU("a", "b:1"))
}

// A segment that is damaged is lost, and one that is doubled is the same once.
func TestSegments(t *testing.T) {
	lab := simnet.NewLab(1, simnet.Link{Corrupt: 1}, "a", "b")
	p := labDatagram(0, 0, 100)
	p.Proto, p.Step = simnet.TCP, simnet.StepData
	assert.Equal(t, simnet.ReasonDamage, lab.Pass(p).Drop)
	lab = simnet.NewLab(1, simnet.Link{Duplicate: 1, MTU: 1000}, "a", "b")
	p = labDatagram(0, 0, 40000)
	p.Proto, p.Step = simnet.TCP, simnet.StepData
	assert.Len(t, lab.Pass(p).Arrived, 1)
}

// Each direction of a link, and each flow, has its own fate; a repetition too.
func TestFates(t *testing.T) {
	fates := map[string]bool{}
	for _, tt := range []struct {
		from, to string
		flow     uint64
		first    int
	}{{"a", "b", 1, 0}, {"b", "a", 1, 0}, {"a", "c", 1, 0}, {"a", "b", 2, 0}, {"a", "b", 1, 64}} {
		lab := simnet.NewLab(42, simnet.Link{Loss: 0.5}, "a", "b", "c")
		fate := ""
		for i := range 64 {
			p := labDatagram(i+tt.first, 0, 100)
			p.From, p.Src, p.Dst, p.Flow = tt.from, tt.from+":1", tt.to+":2", tt.flow
			fate += lab.Pass(p).Drop.String() + ","
		}
		fates[fate] = true
	}
	assert.Len(t, fates, 5)
}

func TestProfiles(t *testing.T) {
	for _, name := range simnet.Profiles() {
		l, err := simnet.Profile(name)
		require.NoError(t, err)
		require.NoError(t, l.Check(), name)
		assert.Equal(t, name == "ideal", l.Ideal(), name)
	}
	assert.Subset(t, simnet.Profiles(), []string{"lan", "wifi", "3g", "satellite"})
	_, err := simnet.Profile("5h")
	require.EqualError(t, err, `simnet: profile "5h": is none of 2g, 3g, 4g, 5g, cable, datacenter, dsl, fiber, ideal, lan, leo, loopback, lossy, satellite, wan, wifi`)
}

func TestLinkCheck(t *testing.T) {
	require.NoError(t, (&simnet.Link{}).Check())
	l := simnet.Link{
		Latency: -1, Jitter: 2 * time.Hour, Loss: -0.1, Reorder: 1.1, Duplicate: math.NaN(), Corrupt: math.Inf(1),
		Bandwidth: -1, QueueBytes: -1, MTU: 575,
	}
	require.EqualError(t, l.Check(), `simnet: config: Latency=-1ns: must be from 0 to 1h0m0s
simnet: config: Jitter=2h0m0s: must be from 0 to 1h0m0s
simnet: config: Loss=-0.1: must be from 0 to 1
simnet: config: Reorder=1.1: must be from 0 to 1
simnet: config: Duplicate=NaN: must be from 0 to 1
simnet: config: Corrupt=+Inf: must be from 0 to 1
simnet: config: Bandwidth=-1: must be from 0 to 1000000000000
simnet: config: QueueBytes=-1: must be from 0 to 2147483647
simnet: config: MTU=575: must be from 576 to 65535, or 0`)
}

func TestLinkString(t *testing.T) {
	assert.Equal(t, "ideal", (&simnet.Link{}).String())
	l := simnet.Link{
		Latency: 1, Jitter: 2, Loss: 0.1, Reorder: 0.2, Duplicate: 0.3, Corrupt: 0.4,
		Bandwidth: 5, QueueBytes: 6, MTU: 700, Down: true,
	}
	assert.Equal(t, "latency=1ns jitter=2ns loss=0.1 reorder=0.2 duplicate=0.3 corrupt=0.4 bandwidth=5 queue=6 mtu=700 down=true", l.String())
	assert.Equal(t, l, simnet.Link{}.Or(l))
	assert.Equal(t, l, l.Or(simnet.Link{Latency: 9, MTU: 900}))
}

// Figures beyond any real link neither overflow nor divide by zero.
func TestScale(t *testing.T) {
	assert.EqualValues(t, 4, simnet.Scale(10, 1, 3))
	assert.EqualValues(t, 3, simnet.Scale(9, 1, 3))
	assert.EqualValues(t, math.MaxInt64/4, simnet.Scale(math.MaxInt64, math.MaxInt64, 1))
	assert.EqualValues(t, math.MaxInt64/4, simnet.Scale(math.MaxInt64, 2, 2))
	assert.Len(t, flood(t, simnet.Link{Bandwidth: simnet.MaxBandwidth}, 2, 0, 65535)[1].Arrived, 1)
	assert.Len(t, flood(t, simnet.Link{Bandwidth: 1, QueueBytes: math.MaxInt32}, 2, 0, 65535)[1].Arrived, 1)
}
