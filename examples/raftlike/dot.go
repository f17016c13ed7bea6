package main

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/strata-net/strata/virtnet/simnet"
)

// A chart is messages as arrows from when they were sent to when they came, time being drawn to scale, in the language of
// Graphviz: neato -n draws it.
type chart struct {
	hosts    []string
	from     time.Duration
	messages []message
}

// A message is an arrow.
type message struct {
	event simnet.Event // its end
	sent  time.Duration
}

// What a chart measures, in points.
const (
	chartColumn = 150.0
	chartSecond = 2700.0
)

// newChart takes so many messages that are sent at a time or later, and end.
func newChart(hosts []string, events iter.Seq[simnet.Event], from time.Duration, most int) *chart {
	type packet struct {
		host         string
		flow, number uint64
	}
	c := &chart{hosts: hosts, from: from}
	sent := map[packet]time.Duration{}
	for e := range simnet.Filter(events, worthy) {
		switch id := (packet{e.Source, e.Flow, e.Number}); e.Kind {
		case simnet.KindSend, simnet.KindRetransmit:
			sent[id] = e.Time
		case simnet.KindDeliver, simnet.KindDrop:
			if at, ok := sent[id]; ok && at >= from && len(c.messages) < most {
				c.messages = append(c.messages, message{event: e, sent: at})
			}
			delete(sent, id)
		}
	}
	return c
}

// place is a point of the chart.
func (c *chart) place(column float64, at time.Duration) string {
	return fmt.Sprintf("%.1f,%.1f", column*chartColumn, -(at-c.from).Seconds()*chartSecond)
}

// column of a host; of one that is not there, the first.
func (c *chart) column(host string) float64 { return float64(max(0, slices.Index(c.hosts, host))) }

// end is when the last message comes.
func (c *chart) end() time.Duration {
	end := c.from
	for _, m := range c.messages {
		end = max(end, m.event.Time)
	}
	return end
}

// write writes the chart. Its colours are those of docs.
func (c *chart) write(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, `digraph messages {
	bgcolor="#fdfdfe" outputorder=edgesfirst splines=line pad=0.15
	node [fontname="Arial" fontsize=12 fontcolor="#1f2328" shape=plaintext width=0 height=0 margin="0.03,0.01" style=filled fillcolor="#fdfdfe"]
	edge [color="#57606a" arrowsize=0.7]
`)
	c.grid(b)
	for i, m := range c.messages {
		c.arrow(b, i, &m)
	}
	fmt.Fprintln(b, "}")
	return b.Flush()
}

// grid writes a line down for each host, and one across for each 50 ms.
func (c *chart) grid(w io.Writer) {
	const step = 50 * time.Millisecond
	line := func(name, from, to, color string) {
		fmt.Fprintf(w, "\t%[1]s0 [pos=%[2]q label=\"\"]\n\t%[1]s1 [pos=%[3]q label=\"\"]\n\t%[1]s0 -> %[1]s1 [color=%[4]q arrowhead=none headclip=false tailclip=false]\n",
			name, from, to, color)
	}
	end := c.end() + step/5
	for i, host := range c.hosts {
		fmt.Fprintf(w, "\th%d [pos=%q shape=box style=\"filled,rounded\" margin=\"0.12,0.06\" fillcolor=\"#ddeeff\" color=\"#0969da\" fontsize=14 label=%q]\n",
			i, c.place(float64(i), c.from-step/4), host)
		line(fmt.Sprintf("l%d", i), c.place(float64(i), c.from), c.place(float64(i), end), "#0969da")
	}
	for at := (c.from + step - 1).Truncate(step); at <= end; at += step {
		ms := at.Milliseconds()
		line(fmt.Sprintf("t%d_", ms), c.place(-0.25, at), c.place(float64(len(c.hosts))-0.8, at), "#d0d7de")
		fmt.Fprintf(w, "\tt%d [pos=%q fontcolor=\"#57606a\" label=\"%d.%03d s\"]\n", ms, c.place(-0.45, at), ms/1000, ms%1000)
	}
}

// arrow writes a message: one that got lost ends before it is there.
func (c *chart) arrow(w io.Writer, i int, m *message) {
	a, b := c.column(m.event.Source), c.column(m.event.Destination)
	from, to := c.place(a, m.sent), c.place(b, m.event.Time)
	color, style := "#57606a", ""
	if m.event.Kind == simnet.KindDrop {
		color, style = "#cf222e", " style=dashed arrowhead=tee"
		to = c.place((a+2*b)/3, m.sent+(m.event.Time-m.sent)*2/3)
	}
	if m.event.Attempt > 0 {
		color = "#9a6700"
	}
	fmt.Fprintf(w, "\ta%[1]d [pos=%[2]q label=\"\"]\n\tb%[1]d [pos=%[3]q label=\"\"]\n\ta%[1]d -> b%[1]d [color=%[4]q headclip=false tailclip=false%[5]s]\n",
		i, from, to, color, style)
	fmt.Fprintf(w, "\tm%d [pos=%q fontcolor=%q label=%q]\n", i, c.beside(m), color, label(m.event))
}

// beside is where the label of a message stands: on its arrow, beside the host that has less to do.
func (c *chart) beside(m *message) string {
	a, b := c.column(m.event.Source), c.column(m.event.Destination)
	part := 0.5 / max(1, math.Abs(b-a)) // half a column from the sender
	if c.load(m.event.Destination) < c.load(m.event.Source) {
		part = 1 - part
	}
	if m.event.Kind == simnet.KindDrop {
		part = min(part, 0.5)
	}
	return c.place(a+(b-a)*part, m.sent+time.Duration(float64(m.event.Time-m.sent)*part))
}

// load is how many messages a host has sent or got.
func (c *chart) load(host string) (n int) {
	for _, m := range c.messages {
		if m.event.Source == host || m.event.Destination == host {
			n++
		}
	}
	return n
}
