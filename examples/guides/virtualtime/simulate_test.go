package virtualtime_test

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/examples/guides/virtualtime"
	"github.com/strata-net/strata/virtnet/simnet"
)

var remember = flag.Bool("remember", true, "the server counts nothing twice")

func TestCounter(t *testing.T) {
	for seed := uint64(1); seed <= 30; seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, err := virtualtime.Simulate(t.Context(), seed, &virtualtime.Counter{Remember: *remember})
				if err != nil {
					t.Errorf("%v\n%s", err, draw(n, err))
				}
			})
		})
	}
}

// draw shows the five seconds before a violation.
func draw(n *simnet.Network, err error) string {
	var text strings.Builder
	if v, ok := errors.AsType[*virtualtime.Violation](err); ok {
		window := simnet.Filter(n.Trace(), simnet.Between(v.At-5*time.Second, v.At+1), simnet.OfHost("server", v.ID[:1]))
		_ = simnet.Diagram{}.WriteText(&text, window) // into memory
	}
	return text.String()
}

// What a seed finds it finds again, to the last packet; and what is found is not found
// in a counter that remembers.
func TestSeedIsTheWholeStory(t *testing.T) {
	course := func(seed uint64) (course string, found error) {
		synctest.Test(t, func(t *testing.T) {
			n, err := virtualtime.Simulate(t.Context(), seed, &virtualtime.Counter{})
			found = err
			var text strings.Builder
			require.NoError(t, simnet.WriteText(&text, n.Trace()))
			course = text.String()
		})
		return course, found
	}
	for seed := uint64(1); ; seed++ {
		first, found := course(seed)
		if found == nil {
			require.Less(t, seed, uint64(30), "nothing was found")
			continue
		}
		second, again := course(seed)
		assert.Equal(t, found, again)
		assert.Equal(t, first, second)
		assert.Greater(t, strings.Count(first, "\n"), 100)
		break
	}
}
