package bench_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/bench"
)

// BenchmarkCases measures each way of each case by itself.
func BenchmarkCases(b *testing.B) {
	for _, c := range bench.Cases() {
		for _, w := range c.Ways {
			b.Run(c.Name+"/"+w.Name, func(b *testing.B) { measure(b, w, c.Batch) })
		}
	}
}

func measure(b *testing.B, w bench.Way, batch int) {
	b.ReportAllocs()
	b.StopTimer()
	for left := b.N; left > 0; left -= batch {
		run, err := w.Prepare(min(left, batch))
		require.NoError(b, err)
		b.StartTimer()
		err = run.Do()
		b.StopTimer()
		run.Close()
		require.NoError(b, err)
	}
}

// TestCasesWork does the work of each way once, so that the benchmarks cannot rot.
func TestCasesWork(t *testing.T) {
	for _, c := range bench.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			c.Batch = min(c.Batch, 100)
			results, err := bench.Compare(c, 1)
			require.NoError(t, err)
			require.Len(t, results, len(c.Ways))
			assert.InDelta(t, 1, results[0].Ratio, 0, "the first way is what the others are compared with")
			for i, r := range results {
				assert.Equal(t, c.Ways[i].Name, r.Way)
				assert.Positive(t, r.Time)
				assert.Positive(t, r.Ratio)
			}
		})
	}
}
