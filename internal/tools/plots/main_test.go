package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/tools/results"
	"github.com/strata-net/strata/internal/tools/svg"
)

// repo is the repository, seen from this folder.
var repo = filepath.Join("..", "..", "..")

// TestCheck draws all plots again: what is committed is what its data says.
func TestCheck(t *testing.T) { require.NoError(t, run(repo, true)) }

// TestStale names each file that is not current, and each that nothing draws.
func TestStale(t *testing.T) {
	all := charts
	defer func() { charts = all }()
	charts = slices.DeleteFunc(slices.Clone(all), func(c chart) bool { return c.data != "http" && c.data != "http3" })
	require.Len(t, charts, 2)
	dir := t.TempDir()
	require.ErrorContains(t, run(dir, true), "http: no data/http.json")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "docs"), 0o700))
	require.NoError(t, os.CopyFS(filepath.Join(dir, "docs", "plots", "data"), os.DirFS(filepath.Join(repo, "docs", "plots", "data"))))
	require.ErrorIs(t, run(dir, true), os.ErrNotExist)
	require.NoError(t, run(dir, false))
	require.NoError(t, run(dir, true))

	plots := filepath.Join(dir, "docs", "plots")
	data := filepath.Join(plots, "data", "http.json")
	content, err := os.ReadFile(data)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(data, []byte(strings.Replace(string(content), "1.02", "1.03", 1)), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(plots, "old.svg"), nil, 0o600))
	err = run(dir, true)
	require.ErrorContains(t, err, "http.svg is not current: run ")
	require.ErrorContains(t, err, "old.svg: nothing draws it")
	assert.NotContains(t, err.Error(), "http3.svg")
	require.NoError(t, os.WriteFile(data, []byte("{"), 0o600))
	require.ErrorContains(t, run(dir, false), "http.json: unexpected EOF")
}

func data() (*chart, *results.Set) {
	c := &chart{
		name: "x", title: "T", data: "d", modules: []string{"github.com/a/b", "c"}, column: "ratio", spread: "middle half", axis: "A", one: "by hand",
		groups: []group{{"G", "t", ""}, {"H", "u", ""}},
		series: []series{{"S", []string{"s"}}, {"R", []string{"r", "q"}}},
	}
	columns := []string{"", "ratio", "middle half", "ratio"}
	return c, &results.Set{
		Command: "go run x", Source: "y.md", Date: "2026-01-02", Machine: "M", Conditions: "C",
		Modules: map[string]string{"github.com/a/b": "v0.0.0-20260522210424-ecfc5a8d5446", "c": "v1.2.3"},
		Tables: []results.Table{
			{Columns: append([]string{"t"}, columns[1:]...), Rows: [][]string{{"hand", "1.00", "1.00-1.00", "7"}, {"s", "0.95", "0.90-1.25", "7"}, {"r", "12.34", "12.00-13.00", "7"}}},
			{Columns: append([]string{"u"}, columns[1:]...), Rows: [][]string{{"q", "1.50 k", "1.40-1.60", "7"}}},
		},
	}
}

func TestBars(t *testing.T) {
	c, set := data()
	bars, err := c.bars(set)
	require.NoError(t, err)
	assert.Equal(t, []bar{{0, 0, 0.95, 0.90, 1.25, 0}, {0, 1, 12.34, 12, 13, 0}, {1, 1, 1.5, 1.4, 1.6, 0}}, bars)
	placed := c.placed(bars)
	assert.InDelta(t, float64(c.slot()), placed[1].x-placed[0].x, 1e-9)
	assert.InDelta(t, 0, placed[1].x+placed[0].x, 1e-9, "side by side around the middle of their group")
	assert.InDelta(t, 1, placed[2].x, 1e-9, "alone in the middle of its own")
	assert.Equal(t, "A; 1 is by hand. G; S: 0.95; R: 12.3. H; R: 1.50.", c.desc(bars))
	assert.Equal(t, []string{"go run x", "M, a/b v0.0.0-20260522, c v1.2.3", "C; 2026-01-02, y.md"}, c.caption(set))

	content, err := c.draw(set)
	require.NoError(t, err)
	for _, text := range append(c.caption(set), "T", "G", "H", "S", "R", "1 is by hand", "0.95", "12.3", "1.50", "A") {
		assert.Contains(t, string(content), ">"+text+"<")
	}
	require.NoError(t, svg.Check(content))
	again, err := c.draw(set)
	require.NoError(t, err)
	assert.Equal(t, string(content), string(again))
}

// TestMissing: a chart of what the data does not have is an error that says what.
func TestMissing(t *testing.T) {
	for _, tc := range []struct {
		change func(*chart, *results.Set)
		want   string
	}{
		{func(c *chart, _ *results.Set) { c.groups[0].table = "v" }, `no table "v"`},
		{func(c *chart, _ *results.Set) { c.groups[0].load = "l" }, `table "t": no row of l `},
		{func(c *chart, _ *results.Set) { c.column = "rate" }, `t, S: no column "rate"`},
		{func(c *chart, _ *results.Set) { c.spread = "half" }, `t, S: no column "half"`},
		{func(c *chart, _ *results.Set) { c.series = append(c.series, series{"P", []string{"p"}}) }, `no table has ["p"]`},
		{func(c *chart, _ *results.Set) { c.series = make([]series, 7); c.series[0].ways = []string{"s", "q"} }, "no table has []"},
		{func(_ *chart, s *results.Set) { s.Tables[0].Rows[1][1] = "-" }, `t, S: "-" begins with no number`},
		{func(_ *chart, s *results.Set) { s.Tables[0].Rows[1][2] = "1.00" }, `t, S: "1.00": want two figures`},
		{func(_ *chart, s *results.Set) { s.Tables[0].Rows[1][2] = "x-1" }, `t, S: "x" begins with no number`},
		{func(_ *chart, s *results.Set) { s.Tables[0].Rows[1][2] = "1-x" }, `t, S: "x" begins with no number`},
	} {
		c, set := data()
		tc.change(c, set)
		_, err := c.draw(set)
		assert.ErrorContains(t, err, tc.want)
	}
	c, set := data()
	for _, s := range []string{"a", "b", "c", "d", "e"} {
		c.series = append(c.series, series{s, []string{"s"}})
	}
	_, err := c.draw(set)
	assert.ErrorContains(t, err, "7 series: there are 6 colours")
}

func TestLabels(t *testing.T) {
	rate, ratio := &chart{}, &chart{one: "x"}
	for v, want := range map[float64]string{0.351: "0.35", 6.1: "6.1", 9.704: "9.7", 13.85: "13.8", 304: "304", 9999: "9999", 27797: "27.8k"} {
		assert.Equal(t, want, rate.label(v))
	}
	for v, want := range map[float64]string{1: "1.00", 0.955: "0.95", 9.99: "9.99", 20.42: "20.4"} {
		assert.Equal(t, want, ratio.label(v))
	}
}

// TestLogarithmic: bars begin at the lower end, and an axis without one has no ticks.
func TestLogarithmic(t *testing.T) {
	assert.Zero(t, logarithmic{}.Normalize(0.1, 10, 0))
	assert.InDelta(t, 0.5, logarithmic{}.Normalize(0.1, 10, 1), 1e-9)
	assert.Empty(t, decades{}.Ticks(0, 10))
	var labels []string
	for _, tick := range (decades{}).Ticks(0.1, 1.5) {
		labels = append(labels, tick.Label)
	}
	assert.Equal(t, []string{"0.1", "0.2", "0.5", "1"}, labels)
}
