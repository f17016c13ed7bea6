package main

import (
	"bytes"
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/strata-net/strata/internal/tools/results"
	"github.com/strata-net/strata/internal/tools/svg"
)

// What a picture measures, in points.
const (
	width   = 960 * vg.Length(1)
	height  = 490 * vg.Length(1)
	legend  = 240 * vg.Length(1) // on the right
	caption = 78 * vg.Length(1)  // at the bottom
	label   = 20 * vg.Length(1)  // of the axis, on the left
	margin  = 14 * vg.Length(1)
	lineGap = 16 * vg.Length(1)
	full    = 0.84 // of a group's width is bars
	widest  = 76   // a bar
)

// colors of the series, in their order.
var colors = []svg.Color{svg.Blue, svg.Amber, svg.Green, svg.Violet, svg.Red, svg.Faint}

// rgb is a colour as the library wants it.
func rgb(c svg.Color) color.Color {
	v := color.RGBA{A: 0xff}
	_, _ = fmt.Sscanf(string(c), "#%02x%02x%02x", &v.R, &v.G, &v.B) // all of the palette have this form
	return v
}

func style(size vg.Length, c svg.Color) text.Style {
	return text.Style{Color: rgb(c), Font: font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size), Handler: text.Plain{Fonts: font.DefaultCache}}
}

// draw draws the chart.
func (c *chart) draw(set *results.Set) ([]byte, error) {
	bars, err := c.bars(set)
	if err != nil {
		return nil, err
	}
	if len(c.series) > len(colors) {
		return nil, fmt.Errorf("%d series: there are %d colours", len(c.series), len(colors))
	}
	p := c.plot()
	names := plot.NewLegend()
	names.TextStyle, names.Top, names.Left, names.YPosition = style(12, svg.Ink), true, true, draw.PosCenter
	names.ThumbnailWidth, names.Padding = 16, 5
	if err := c.add(p, &names, bars); err != nil {
		return nil, err
	}
	c.scale(p, bars) // adding has changed the ranges
	out := vgsvg.New(width, height)
	canvas := draw.New(out)
	canvas.SetColor(rgb(svg.Ground))
	canvas.Fill(canvas.Rectangle.Path())
	area := draw.Crop(canvas, margin+label, -legend-margin, caption, -margin)
	p.Draw(area)
	c.axisLabel(canvas, area)
	names.Draw(draw.Crop(canvas, width-legend, -margin/2, caption, -3*margin))
	for i, line := range c.caption(set) {
		canvas.FillText(style(11, svg.Faint), vg.Point{X: margin, Y: caption - 24 - lineGap*vg.Length(i)}, line)
	}
	var b bytes.Buffer
	if _, err := out.WriteTo(&b); err != nil {
		return nil, err
	}
	picture := svg.Picture{Title: c.title, Desc: c.desc(bars), Source: fmt.Appendf(nil, "%+v %+v", *c, *set)}
	return picture.Finish(b.Bytes())
}

// plot is the empty plot.
func (c *chart) plot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = rgb(svg.Ground)
	p.Title.Text, p.Title.TextStyle, p.Title.Padding = c.title, style(17, svg.Ink), 12
	p.Title.TextStyle.XAlign, p.Title.TextStyle.YAlign = text.XCenter, text.YTop
	labels := make([]string, len(c.groups))
	for i, g := range c.groups {
		labels[i] = g.label
	}
	p.NominalX(labels...)
	p.Y.Padding, p.Y.Tick.Marker = 6, plain{}
	for axis, align := range map[*plot.Axis]text.Style{&p.X: {XAlign: text.XCenter, YAlign: text.YTop}, &p.Y: {XAlign: text.XRight, YAlign: text.YCenter}} {
		axis.Color, axis.Tick.Color = rgb(svg.Faint), rgb(svg.Faint)
		axis.Tick.Label = style(12, svg.Ink)
		axis.Tick.Label.XAlign, axis.Tick.Label.YAlign = align.XAlign, align.YAlign
	}
	return p
}

// axisLabel writes what the figures are. The library leaves room for it in the middle of the values, which is elsewhere
// where the axis is logarithmic.
func (c *chart) axisLabel(canvas, area draw.Canvas) {
	s := style(12, svg.Ink)
	s.Rotation, s.XAlign, s.YAlign = math.Pi/2, text.XCenter, text.YBottom
	canvas.FillText(s, vg.Point{X: margin + 12, Y: area.Center().Y}, c.axis)
}

// scale has room for the tallest bar and the figure above it.
func (c *chart) scale(p *plot.Plot, bars []bar) {
	p.X.Min, p.X.Max = -0.5, float64(len(c.groups))-0.5
	top := slices.MaxFunc(bars, func(a, b bar) int { return cmp.Compare(a.high, b.high) }).high
	p.Y.Min, p.Y.Max = 0, top*1.1
	if c.one != "" {
		p.Y.Max = max(p.Y.Max, 1.1)
	}
	if !c.log {
		return
	}
	p.Y.Scale, p.Y.Tick.Marker = logarithmic{}, decades{}
	low := slices.MinFunc(bars, func(a, b bar) int { return cmp.Compare(a.low, b.low) }).low
	p.Y.Min, p.Y.Max = math.Pow(10, math.Floor(math.Log10(low))), top*1.8
}

// plain are the ticks of the library, in plain figures.
type plain struct{ plot.DefaultTicks }

// Ticks returns them.
func (t plain) Ticks(low, high float64) []plot.Tick {
	ticks := t.DefaultTicks.Ticks(low, high)
	for i := range ticks {
		if !ticks[i].IsMinor() {
			ticks[i].Label = fmt.Sprint(math.Round(ticks[i].Value*1e6) / 1e6)
		}
	}
	return ticks
}

// decades are the ticks of a logarithmic axis.
type decades struct{}

// Ticks has a label for each power of ten, and lines at 2 and 5.
func (decades) Ticks(low, high float64) (ticks []plot.Tick) {
	for v := low; 0 < v && v <= high; v *= 10 {
		ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprint(v)})
		for _, part := range []float64{2, 5} {
			if v*part <= high {
				ticks = append(ticks, plot.Tick{Value: v * part, Label: fmt.Sprint(v * part)})
			}
		}
	}
	return ticks
}

// logarithmic is a scale on which bars, which begin at 0, begin at the lower end.
type logarithmic struct{ plot.LogScale }

// Normalize returns where a value is: 0 is the lower end, 1 the upper.
func (l logarithmic) Normalize(low, high, v float64) float64 {
	return l.LogScale.Normalize(low, high, max(low, v))
}
