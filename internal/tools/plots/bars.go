package main

import (
	"errors"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/strata-net/strata/internal/tools/svg"
)

// add adds grid, bars, the line at 1, and the names of the series.
func (c *chart) add(p *plot.Plot, names *plot.Legend, bars []bar) error {
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Vertical.Color = nil
	grid.Horizontal.Color, grid.Horizontal.Width = rgb(svg.Rule), 0.6
	p.Add(grid)
	bars = c.placed(bars)
	shown := map[int]bool{}
	for i := range bars {
		drawn, err := plotter.NewBarChart(plotter.Values{bars[i].value}, c.slot()*groupWidth(c)*0.92)
		if err != nil {
			return err
		}
		drawn.XMin, drawn.Color, drawn.LineStyle.Width = bars[i].x, rgb(colors[bars[i].series]), 0
		p.Add(drawn)
		if s := bars[i].series; !shown[s] {
			shown[s] = true
			name(names, c.series[s].label, drawn)
		}
	}
	if err := c.addOne(p, names); err != nil {
		return err
	}
	for i := range bars { // above all bars
		if err := errors.Join(c.addMiddle(p, &bars[i]), c.addFigure(p, &bars[i])); err != nil {
			return err
		}
	}
	return nil
}

// groupWidth is how wide a group is, in points.
func groupWidth(c *chart) vg.Length { return (width - legend - 100) / vg.Length(len(c.groups)) }

// slot is the part of a group's width that a bar has.
func (c *chart) slot() vg.Length { return min(full/vg.Length(len(c.series)), widest/groupWidth(c)) }

// placed has the bars of a group side by side, in the group's middle.
func (c *chart) placed(bars []bar) []bar {
	count := make([]int, len(c.groups))
	for _, b := range bars {
		count[b.group]++
	}
	next := make([]int, len(c.groups))
	list := slices.Clone(bars)
	for i := range list {
		g := list[i].group
		list[i].x = float64(g) + (float64(next[g])-float64(count[g]-1)/2)*float64(c.slot())
		next[g]++
	}
	return list
}

// addOne adds the line at 1.
func (c *chart) addOne(p *plot.Plot, names *plot.Legend) error {
	if c.one == "" {
		return nil
	}
	line, err := plotter.NewLine(plotter.XYs{{X: -0.5, Y: 1}, {X: float64(len(c.groups)) - 0.5, Y: 1}})
	if err != nil {
		return err
	}
	line.LineStyle = draw.LineStyle{Color: rgb(svg.Ink), Width: 1.2, Dashes: []vg.Length{5, 3}}
	p.Add(line)
	name(names, "1 is "+c.one, line)
	return nil
}

// name adds a name to the legend, in as many lines as it takes.
func name(names *plot.Legend, text string, of plot.Thumbnailer) {
	const most = 30 // letters a line
	line, thumbs := "", []plot.Thumbnailer{of}
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > most {
			names.Add(line, thumbs...)
			line, thumbs = "", nil
		}
		line = strings.TrimSpace(line + " " + word)
	}
	names.Add(line, thumbs...)
}

// addMiddle adds the middle half of a bar.
func (c *chart) addMiddle(p *plot.Plot, b *bar) error {
	if c.spread == "" {
		return nil
	}
	half := &middle{XYs: plotter.XYs{{X: b.x, Y: b.value}}, YErrors: plotter.YErrors{{Low: b.value - b.low, High: b.high - b.value}}}
	errs, err := plotter.NewYErrorBars(half)
	if err != nil {
		return err
	}
	errs.LineStyle, errs.CapWidth = draw.LineStyle{Color: rgb(svg.Ink), Width: 1}, 6
	p.Add(errs)
	return nil
}

// middle is what error bars are made of.
type middle struct {
	plotter.XYs
	plotter.YErrors
}

// addFigure writes the figure above a bar, where there is room.
func (c *chart) addFigure(p *plot.Plot, b *bar) error {
	text := c.label(b.value)
	size := min(11, c.slot()*groupWidth(c)/vg.Length(len(text))/0.54)
	if size < 7 {
		return nil
	}
	labels, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: b.x, Y: max(b.high, b.value)}}, Labels: []string{text}})
	if err != nil {
		return err
	}
	labels.TextStyle[0] = style(size, svg.Ink)
	labels.TextStyle[0].XAlign, labels.TextStyle[0].YAlign = -0.5, 0 // above its middle
	labels.Offset = vg.Point{Y: 4}
	p.Add(labels)
	return nil
}
