package simnet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

const gossips = 6

// gossip is a host that tells others what it knows: all of it over a conn to one, and
// what it has itself, as datagrams, to all.
type gossip struct {
	host  *simnet.Host
	index int

	mu    sync.Mutex
	known map[string]int // the newest number of each host
}

func (g *gossip) learn(b []byte) {
	var news map[string]int
	if json.Unmarshal(b, &news) != nil {
		return // the datagram was damaged
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for name, number := range news {
		g.known[name] = max(g.known[name], number)
	}
}

func (g *gossip) tell() []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	b, err := json.Marshal(g.known) // sorted
	if err != nil {
		return nil
	}
	return b
}

// serve takes what others tell, until the host goes down.
func (g *gossip) serve(group *sync.WaitGroup) {
	l, err := g.host.Listen(":7000")
	if err != nil {
		return
	}
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() { g.answer(c) })
		}
	})
	s, err := g.host.ListenPacket(":7001")
	if err != nil {
		return
	}
	group.Go(func() {
		for b := make([]byte, 2048); ; {
			n, _, err := s.ReadFrom(b)
			if err != nil {
				return
			}
			g.learn(b[:n])
		}
	})
}

func (g *gossip) answer(c net.Conn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	var news map[string]int
	if json.NewDecoder(c).Decode(&news) != nil {
		return
	}
	b, err := json.Marshal(news)
	if err != nil {
		return
	}
	g.learn(b)
	c.Write(g.tell())
}

// talk tells the others something every 50 ms.
func (g *gossip) talk(ctx context.Context, group *sync.WaitGroup) {
	chance := rand.New(rand.NewPCG(1, uint64(g.index)))
	s, err := g.host.ListenPacket(":7002")
	if err != nil {
		return
	}
	defer s.Close()
	for tick := 1; ctx.Err() == nil; tick++ {
		g.learn([]byte(fmt.Sprintf(`{"%s":%d}`, g.host.Name(), tick)))
		to := (g.index + 1 + chance.IntN(gossips-1)) % gossips
		group.Go(func() { g.exchange(ctx, fmt.Sprintf("h%d:7000", to)) })
		for i := range gossips {
			if i != g.index {
				s.WriteTo(g.tell(), &net.UDPAddr{IP: net.IPv4(10, 0, 0, byte(1+i)), Port: 7001})
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (g *gossip) exchange(ctx context.Context, to string) {
	ctx, cancel := context.WithTimeout(ctx, 700*time.Millisecond)
	defer cancel()
	c, err := g.host.Dial(ctx, to)
	if err != nil {
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	c.Write(g.tell())
	b := make([]byte, 4096)
	n, _ := c.Read(b)
	g.learn(b[:n])
}

// runGossip returns what has happened, and what each host knows.
func runGossip(t *testing.T, seed uint64) (log string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{
			Seed: seed,
			Link: simnet.Link{
				Latency: 5 * time.Millisecond, Jitter: 3 * time.Millisecond, Loss: 0.02, Reorder: 0.02,
				Duplicate: 0.01, Corrupt: 0.01, Bandwidth: 20e6, MTU: 1500,
			},
		})
		var group sync.WaitGroup
		var all []*gossip
		for i := range gossips {
			g := &gossip{host: host(t, n, fmt.Sprint("h", i)), index: i, known: map[string]int{}}
			all = append(all, g)
			g.serve(&group)
		}
		require.NoError(t, n.At(300*time.Millisecond, simnet.Partition([]string{"h0", "h1"}, []string{"h2", "h3", "h4", "h5"})))
		require.NoError(t, n.At(400*time.Millisecond, simnet.Crash("h5")))
		require.NoError(t, n.At(600*time.Millisecond, simnet.Heal(), simnet.Pause("h3")))
		require.NoError(t, n.At(650*time.Millisecond, simnet.Resume("h3")))
		ctx, cancel := context.WithTimeout(t.Context(), 1210*time.Millisecond)
		defer cancel()
		for _, g := range all {
			group.Go(func() { g.talk(ctx, &group) })
		}
		time.Sleep(720 * time.Millisecond)
		all[5].host.Restart()
		all[5].serve(&group)
		time.Sleep(2 * time.Second)
		require.NoError(t, n.Close())
		group.Wait()
		var b bytes.Buffer
		require.NoError(t, simnet.WriteText(&b, n.Trace()))
		for _, g := range all {
			fmt.Fprintln(&b, g.host.Name(), string(g.tell()))
		}
		log = b.String()
	})
	return log
}

// One seed has one log, on as many processors as there may be: SIMNET_RUNS says how
// many runs are compared.
func TestDeterminism(t *testing.T) {
	runs := 12
	if text := os.Getenv("SIMNET_RUNS"); text != "" {
		var err error
		runs, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	want := runGossip(t, 1)
	counts := map[string]int{}
	for line := range bytes.SplitSeq([]byte(want), []byte("\n")) {
		if f := bytes.Fields(line); len(f) > 1 {
			counts[string(f[1])]++
		}
	}
	for _, kind := range []string{"dial", "accept", "send", "deliver", "drop", "retransmit", "close", "fault"} {
		assert.Positive(t, counts[kind], "%s in %v", kind, maps.Clone(counts))
	}
	for i := range runs {
		runtime.GOMAXPROCS([]int{1, 2, 8}[i%3])
		got := runGossip(t, 1)
		if got != want {
			require.Failf(t, "another log", "run %d of %d: %s", i, runs, firstDifference(want, got))
		}
	}
	assert.NotEqual(t, want, runGossip(t, 2))
}

func firstDifference(want, got string) string {
	w, g := bytes.Split([]byte(want), []byte("\n")), bytes.Split([]byte(got), []byte("\n"))
	for i := range min(len(w), len(g)) {
		if !bytes.Equal(w[i], g[i]) {
			return fmt.Sprintf("line %d:\n%s\n%s\nwant\n%s\n%s", i, g[max(i-1, 0)], g[i], w[max(i-1, 0)], w[i])
		}
	}
	return fmt.Sprintf("%d lines instead of %d", len(g), len(w))
}
