package virtualtime

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/strata-net/strata/virtnet/simnet"
)

// requests is how many a client sends.
const requests = 20

// Violation is what must not be: a request that was counted twice.
type Violation struct {
	Seed uint64
	ID   string
	At   time.Duration // since the network was made
}

// Error names the seed, which gives the same violation again.
func (v *Violation) Error() string {
	return fmt.Sprintf("seed %d: %s was counted twice, at %v", v.Seed, v.ID, v.At.Round(time.Millisecond))
}

// Simulate lets two clients count while the network fails, by chance that is the seed's.
// The network is closed; its trace can be read. Call it in a bubble of testing/synctest.
func Simulate(ctx context.Context, seed uint64, c *Counter) (*simnet.Network, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n, err := simnet.New(simnet.Config{
		Seed: seed, Names: true,
		Link: simnet.Link{Latency: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: 0.01},
	})
	if err != nil {
		return nil, err
	}
	violated := watch(n, c)
	err = run(ctx, n, c)
	if v := violated(); v != nil {
		err = v
	}
	return n, errors.Join(err, n.Close())
}

func run(ctx context.Context, n *simnet.Network, c *Counter) error {
	for _, name := range []string{"server", "a", "b"} {
		if _, err := n.NewHost(ctx, name); err != nil {
			return err
		}
	}
	l, err := n.Host("server").Listen(":1")
	if err != nil {
		return err
	}
	served := make(chan struct{})
	go func() { c.Serve(l); close(served) }()
	if err := trouble(n); err != nil {
		return err
	}
	done := make(chan error)
	for _, name := range []string{"a", "b"} {
		go func() { done <- count(ctx, n.Host(name), n.Seed()) }()
	}
	err = errors.Join(<-done, <-done, n.Host("server").Close())
	<-served
	return err
}

// count sends requests, with pauses.
func count(ctx context.Context, h *simnet.Host, seed uint64) error {
	chance := rand.New(rand.NewPCG(seed, uint64(h.Name()[0]))) //nolint:gosec // the same for each seed
	for i := range requests {
		time.Sleep(time.Duration(chance.Int64N(int64(time.Minute))))
		id := fmt.Sprint(h.Name(), i)
		if err := Add(ctx, h, "server:1", id, 1, 2*time.Second); err != nil {
			return err
		}
	}
	return nil
}

// trouble cuts the server off from time to time.
func trouble(n *simnet.Network) error {
	chance := rand.New(rand.NewPCG(n.Seed(), 0)) //nolint:gosec // the same for each seed
	for at := time.Duration(0); at < 20*time.Minute; {
		at += time.Duration(chance.Int64N(int64(20 * time.Second)))
		if err := n.At(at, simnet.Partition([]string{"server"})); err != nil {
			return err
		}
		at += time.Duration(chance.Int64N(int64(5 * time.Second)))
		if err := n.At(at, simnet.Heal()); err != nil {
			return err
		}
	}
	return nil
}

// watch looks at everything that is counted. What it returns tells the first violation.
func watch(n *simnet.Network, c *Counter) func() *Violation {
	seen := map[string]bool{}
	var first *Violation
	c.Counted = func(id string) {
		if seen[id] && first == nil {
			first = &Violation{n.Seed(), id, n.Now()}
		}
		seen[id] = true
	}
	return func() *Violation { return first }
}
