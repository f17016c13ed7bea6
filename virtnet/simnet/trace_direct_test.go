package simnet_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// What goes from host to host at once has events too, if they are asked for: in the
// order in which it happened, though a bubble's clock stands.
func TestTraceOfDirect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Order: simnet.OrderDirect, MaxEvents: 100, CaptureBytes: 2})
		b, a := host(t, n, "b"), host(t, n, "a")
		_, err := a.Dial(context.Background(), "b:80")
		require.Error(t, err)
		var flows []uint64
		for range 2 {
			c, d := pair(t, a, b)
			say(t, c, "hello")
			hear(t, d, "hello")
			say(t, d, "hi")
			require.NoError(t, d.Close())
			hear(t, c, "hi")
			require.NoError(t, c.Abort())
		}
		var steps []string
		for e := range n.Trace() {
			if e.Kind == simnet.KindDeliver {
				continue
			}
			assert.EqualValues(t, len(steps)+1, e.Time)
			steps = append(steps, e.Source+" "+e.Kind.String())
			if !slices.Contains(flows, e.Flow) {
				flows = append(flows, e.Flow)
			}
		}
		conn := []string{"a dial", "b accept", "a send", "b send", "b close", "a reset"}
		assert.Equal(t, slices.Concat([]string{"a dial", "b refuse"}, conn, conn), steps)
		assert.Len(t, flows, 3, "a port that comes again is another flow")
		refusal := slices.Collect(simnet.Filter(n.Trace(), simnet.OfKind(simnet.KindRefuse)))
		require.Len(t, refusal, 1)
		assert.Equal(t, simnet.ReasonNoListener, refusal[0].Reason)
		assert.Equal(t, "10.0.0.1:80", refusal[0].From.String())
		sent := slices.Collect(simnet.Filter(n.Trace(), simnet.OfKind(simnet.KindSend), simnet.OfHost("a")))
		assert.Equal(t, "he", string(sent[0].Data))
		assert.Equal(t, 5, sent[0].Size)
	})
}

// A host that was off in between refuses with the numbers that the segment asks for.
func TestTraceOfRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Link: simnet.Link{Latency: time.Millisecond}})
		a, b := host(t, n, "a"), host(t, n, "b")
		_, err := a.Dial(context.Background(), "b:80")
		require.Error(t, err)
		c, d := pair(t, a, b)
		say(t, d, "hi")
		hear(t, c, "hi")
		b.Crash()
		b.Restart()
		say(t, c, "hello")
		_, err = c.Read(make([]byte, 1))
		require.Error(t, err)
		var refusals []string
		for e := range simnet.Filter(n.Trace(), simnet.OfKind(simnet.KindRefuse, simnet.KindReset)) {
			refusals = append(refusals, fmt.Sprintf("%v %v %d %d", e.Kind, e.Reason, e.Seq, e.Ack))
		}
		assert.Equal(t, []string{"refuse no-listener 0 0", "reset  2 5"}, refusals)
	})
}
