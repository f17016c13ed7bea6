package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"
)

const (
	refreshEach = time.Second
	maxRows     = 30 // of the table; the busiest flows
	// home clears a terminal (ECMA-48).
	home = "\x1b[H\x1b[2J"
)

// refresh shows the flows that there are, again and again.
func (v *viewer) refresh() {
	tick := time.NewTicker(refreshEach)
	defer tick.Stop()
	for {
		_, _ = v.out.Write(v.table()) // as fmt.Println
		select {
		case <-tick.C:
		case <-v.done:
			return
		}
	}
}

// table is a screen.
func (v *viewer) table() []byte {
	v.mu.Lock()
	l, opened, refused, sessions := v.lister, v.counts["tcp open"], v.counts["tcp refuse"], v.counts["udp open"]
	v.mu.Unlock()
	var list []event
	if l != nil {
		list = l.list()
	}
	slices.SortFunc(list, func(a, b event) int { return cmp.Compare(b.Sent+b.Received, a.Sent+a.Received) })
	var b bytes.Buffer
	b.WriteString(home)
	fmt.Fprintf(&b, "%d flows; since the start: %d TCP flows opened, %d refused, %d UDP sessions\n\n", len(list), opened, refused, sessions)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "STATE\tNETWORK\tCLIENT\tTARGET\tSENT\tRECEIVED\tSECONDS")
	for _, e := range list[:min(len(list), maxRows)] {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%.1f\n", e.Event, e.Network, e.Client, e.Target, e.Sent, e.Received, e.Seconds)
	}
	_ = w.Flush() // into memory
	return b.Bytes()
}
