package main

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/strata-net/strata/internal/tools/results"
)

// A chart is bars of a figure, in groups: one for each way of doing the same work.
type chart struct {
	name    string // of the file, without .svg
	title   string
	data    string   // the file of the figures, without .json
	modules []string // whose versions count

	column string  // of the figures
	times  float64 // what they are multiplied by; 0: nothing
	spread string  // of their middle halves; "": there are none
	axis   string  // what the figure is, and its unit
	one    string  // what 1 stands for: that is a line, and has no bars; "": figures are no ratios
	log    bool

	groups []group
	series []series
}

// A group is the rows of a table, or those that begin with a load.
type group struct{ label, table, load string }

// A series is one way. It may have another name in some tables.
type series struct {
	label string
	ways  []string
}

// A bar is a figure, and the middle half around it.
type bar struct {
	group, series    int
	value, low, high float64
	x                float64 // where it is, a group being 1 wide
}

// bars finds all figures.
func (c *chart) bars(set *results.Set) ([]bar, error) {
	var found []bar
	for g, group := range c.groups {
		table := lookup(set, group.table)
		if table == nil {
			return nil, fmt.Errorf("no table %q", group.table)
		}
		before := len(found)
		for s, series := range c.series {
			row := table.row(group.load, series.ways)
			if row == nil {
				continue
			}
			b, err := c.bar(table, row)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", group.table, series.label, err)
			}
			b.group, b.series = g, s
			found = append(found, b)
		}
		if len(found) == before {
			return nil, fmt.Errorf("table %q: no row of %s %v", group.table, group.load, c.series)
		}
	}
	for s, series := range c.series {
		if !slices.ContainsFunc(found, func(b bar) bool { return b.series == s }) {
			return nil, fmt.Errorf("no table has %q", series.ways)
		}
	}
	return found, nil
}

// A grid is a table that is looked into.
type grid struct{ *results.Table }

func lookup(set *results.Set, name string) *grid {
	for i := range set.Tables {
		if set.Tables[i].Name() == name {
			return &grid{&set.Tables[i]}
		}
	}
	return nil
}

// row finds that of a way. In a table with loads it is the second column that has the ways.
func (t *grid) row(load string, ways []string) []string {
	for _, row := range t.Rows {
		way := row[0]
		if load != "" {
			way = row[1]
		}
		if (load == "" || row[0] == load) && slices.Contains(ways, way) {
			return row
		}
	}
	return nil
}

// bar reads a row.
func (c *chart) bar(t *grid, row []string) (b bar, err error) {
	i := slices.Index(t.Columns, c.column)
	if i < 0 {
		return b, fmt.Errorf("no column %q", c.column)
	}
	if b.value, err = figure(row[i]); err != nil {
		return b, err
	}
	if c.times != 0 {
		b.value *= c.times
	}
	b.low, b.high = b.value, b.value
	if c.spread == "" {
		return b, nil
	}
	i = slices.Index(t.Columns, c.spread)
	if i < 0 {
		return b, fmt.Errorf("no column %q", c.spread)
	}
	low, high, ok := strings.Cut(row[i], "-")
	if !ok {
		return b, fmt.Errorf("%q: want two figures", row[i])
	}
	if b.low, err = figure(low); err != nil {
		return b, err
	}
	b.high, err = figure(high)
	return b, err
}

// pseudo is the version of a commit: its day is enough.
var pseudo = regexp.MustCompile(`(-(?:0\.)?\d{8})\d{6}-[0-9a-f]{12}$`)

var number = regexp.MustCompile(`^[+-]?\d+(\.\d+)?`)

// figure reads a number; its unit is that of the column.
func figure(cell string) (float64, error) {
	v, err := strconv.ParseFloat(number.FindString(cell), 64)
	if err != nil {
		return math.NaN(), fmt.Errorf("%q begins with no number", cell)
	}
	return v, nil
}

// desc has the figures, for those who do not see the bars.
func (c *chart) desc(bars []bar) string {
	var b strings.Builder
	b.WriteString(c.axis)
	if c.one != "" {
		fmt.Fprintf(&b, "; 1 is %s", c.one)
	}
	last := -1
	for _, bar := range bars {
		if bar.group != last {
			fmt.Fprintf(&b, ". %s", c.groups[bar.group].label)
			last = bar.group
		}
		fmt.Fprintf(&b, "; %s: %s", c.series[bar.series].label, c.label(bar.value))
	}
	return strings.ReplaceAll(b.String(), "\n", " ") + "."
}

// label is the figure as it stands above a bar.
func (c *chart) label(v float64) string {
	switch {
	case v >= 10_000:
		return strconv.FormatFloat(v/1000, 'f', 1, 64) + "k"
	case c.one != "" && v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 10:
		return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	case v != math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// caption says how the figures came about.
func (c *chart) caption(set *results.Set) []string {
	what := []string{set.Machine}
	for _, path := range c.modules {
		version := pseudo.ReplaceAllString(set.Modules[path], "$1")
		what = append(what, strings.TrimPrefix(path, "github.com/")+" "+version)
	}
	where := set.Date
	if set.Source != "" {
		where += ", " + set.Source
	}
	return []string{set.Command, strings.Join(what, ", "), set.Conditions + "; " + where}
}
