package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// A watcher is told what becomes of flows. It returns at once.
type watcher interface {
	see(e event)
	// attach says who knows the flows that there are.
	attach(l lister)
}

// A lister knows the flows that there are.
type lister interface{ list() []event }

// An event is a line of the flows that are shown.
type event struct {
	Time     time.Time `json:"time"`
	Event    string    `json:"event"` // open, close or refuse
	Network  string    `json:"network"`
	Client   string    `json:"client"`
	Target   string    `json:"target"`
	Sent     uint64    `json:"sent"`     // bytes from the client
	Received uint64    `json:"received"` // bytes to the client
	Seconds  float64   `json:"seconds"`
	Cause    string    `json:"cause,omitempty"`
}

// String is the event as a line of text.
func (e *event) String() string {
	s := fmt.Sprintf("%s %-6s %-4s %s -> %s", e.Time.Format("15:04:05.000"), e.Event, e.Network, e.Client, e.Target)
	if e.Event == "close" {
		s += fmt.Sprintf(" sent %d, received %d bytes in %.3f s", e.Sent, e.Received, e.Seconds)
	}
	if e.Cause != "" {
		s += ": " + e.Cause
	}
	return s
}

// waiting is how many events are kept for a slow terminal; then they are counted only.
const waiting = 1024

// A viewer writes events, from a goroutine of its own: flows wait for no terminal.
type viewer struct {
	out    io.Writer
	format flowFormat
	json   bool
	events chan event
	done   chan struct{}
	group  sync.WaitGroup

	mu     sync.Mutex
	lost   uint64
	counts map[string]int // of events, by their word
	lister lister
}

// newViewer begins to show flows as the flags say: where the program that is run does
// not write.
func newViewer(f *flags, out, diag io.Writer) *viewer {
	v := &viewer{
		out: out, format: f.show, json: f.json, counts: map[string]int{},
		events: make(chan event, waiting), done: make(chan struct{}),
	}
	if len(f.program) > 0 {
		v.out = diag
	}
	if f.show == flowsAuto {
		v.format = flowsEvents
		if isTerminal(v.out) && len(f.program) == 0 && !f.json {
			v.format = flowsTable
		}
	}
	switch v.format {
	case flowsEvents:
		v.group.Go(v.run)
	case flowsTable:
		v.group.Go(v.refresh)
	}
	return v
}

// Close writes what is left and how much was not shown.
func (v *viewer) Close() {
	close(v.done)
	v.group.Wait()
	if v.lost > 0 {
		v.write(&event{Time: time.Now(), Event: "lost", Cause: fmt.Sprintf("%d events came faster than they could be written", v.lost)})
	}
}

func (v *viewer) attach(l lister) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.lister = l
}

// isTerminal says whether something is looked at while it is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (v *viewer) see(e event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.counts[e.Network+" "+e.Event]++
	if v.format != flowsEvents {
		return
	}
	select {
	case v.events <- e:
	default:
		v.lost++
	}
}

// run writes until Close, and then what is left.
func (v *viewer) run() {
	for {
		select {
		case e := <-v.events:
			v.write(&e)
		case <-v.done:
			for {
				select {
				case e := <-v.events:
					v.write(&e)
				default:
					return
				}
			}
		}
	}
}

func (v *viewer) write(e *event) {
	if v.json {
		_ = json.NewEncoder(v.out).Encode(e) //nolint:errchkjson // as fmt.Fprintln: nobody is left to tell
		return
	}
	fmt.Fprintln(v.out, e)
}
