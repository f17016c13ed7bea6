package simnet

import (
	"fmt"
	"iter"
	"slices"
	"time"
)

// Diagram draws events as a sequence diagram: a column for each host, an arrow for
// each packet that was delivered or dropped, and a line across for each fault.
// Packets that are still on their way, and bare acknowledgements, are not drawn.
// The zero Diagram is ready to use.
//
//	err := simnet.Diagram{}.WriteText(os.Stderr, simnet.Filter(n.Trace(), simnet.OfHost("a")))
type Diagram struct {
	// Hosts are the columns, from left to right; packets of other hosts are left
	// out. Empty: every host, as they appear.
	Hosts []string

	// MaxEvents is how many events are drawn; a last line tells how many more
	// there were. Zero: 300. Negative: all of them in WriteText; in WriteMermaid
	// as many as Mermaid takes, which is 50,000 characters.
	MaxEvents int

	// Label returns what stands at an arrow. It may read Event.Data, of which
	// Config.CaptureBytes decides how much there is. Nil, and for an event for
	// which it returns "": what the packet does, such as "data 512 B (loss)".
	Label func(Event) string
}

// defaultDiagram is how many events can still be read.
const defaultDiagram = 300

// drawing is what a diagram consists of.
type drawing struct {
	hosts  []string
	arrows []arrow
	more   int // events that were left out
}

// arrow is one line of a diagram.
type arrow struct {
	time     time.Duration
	from, to int // columns; both -1: a line across all
	lost     bool
	label    string
}

func (d *Diagram) draw(events iter.Seq[Event]) drawing {
	limit := d.MaxEvents
	if limit == 0 {
		limit = defaultDiagram
	}
	g := drawing{hosts: slices.Clone(d.Hosts)}
	for e := range events {
		switch {
		case !d.shows(&e):
		case limit > 0 && len(g.arrows) == limit:
			g.more++
		default:
			g.arrows = append(g.arrows, g.arrow(&e, d.label(e)))
		}
	}
	return g
}

// shows tells whether an event has a line of its own. Of a packet that is its end.
func (d *Diagram) shows(e *Event) bool {
	switch e.Kind {
	case KindFault:
		return true
	case KindDeliver, KindDrop:
		known := func(host string) bool { return len(d.Hosts) == 0 || host == "" || slices.Contains(d.Hosts, host) }
		return e.Step != StepACK && known(e.Source) && known(e.Destination)
	}
	return false
}

func (d *Diagram) label(e Event) string {
	if d.Label != nil {
		if text := d.Label(e); text != "" {
			return text
		}
	}
	return e.label()
}

// label describes what a packet does, in a few words.
func (e *Event) label() string {
	var text string
	switch e.Step {
	case StepSYN:
		text = fmt.Sprintf("dial :%d", e.To.Port())
	case StepSYNACK:
		text = "accept"
	case StepFIN:
		text = "close"
	case StepRST:
		text = "reset"
	default:
		text = fmt.Sprintf("%s %d B", e.Step, e.Size)
	}
	if e.Kind == KindFault {
		text = e.Text
	}
	if e.Attempt > 0 {
		text += " again"
	}
	if e.Reason != 0 {
		text += " (" + e.Reason.String() + ")"
	}
	return text
}

func (g *drawing) arrow(e *Event, label string) arrow {
	a := arrow{time: e.Time, from: -1, to: -1, lost: e.Kind == KindDrop, label: label}
	if e.Kind != KindFault {
		a.from = g.column(e.Source)
		a.to = a.from // of a packet to nobody
		if e.Destination != "" {
			a.to = g.column(e.Destination)
		}
	}
	return a
}

func (g *drawing) column(host string) int {
	i := slices.Index(g.hosts, host)
	if i < 0 {
		i = len(g.hosts)
		g.hosts = append(g.hosts, host)
	}
	return i
}

// stamp is when an arrow ends. The nanoseconds only keep events apart.
func (a *arrow) stamp() string { return a.time.Truncate(time.Microsecond).String() }
