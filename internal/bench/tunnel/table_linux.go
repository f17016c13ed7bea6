package main

import (
	"fmt"
	"io"
)

const tableHead = "| load | way | rate | to the copy | CPU of the way | CPU of all | peak, MiB |\n|---|---|---|---|---|---|---|\n"

// row is what a turn has measured.
type row struct {
	way            way
	amount         float64 // bytes, datagrams or conns
	seconds        float64
	carrier, all   int64 // nanoseconds of CPU: of the way's process, and of client and server too
	peak           int64 // bytes
	grown, settled int64 // bytes, by which memory grew for idle flows
}

// take notes what arrived.
func (r *row) take(l load, seen result, before, after report) {
	r.seconds = float64(seen.Elapsed) / 1e9
	switch {
	case l.kind == streams && l.down:
		r.amount = float64(seen.Bytes)
	case l.kind == streams:
		r.amount = float64(after.Bytes - before.Bytes)
	case l.kind == datagrams && l.down:
		r.amount = float64(seen.Datagrams)
	case l.kind == datagrams:
		r.amount = float64(after.Datagrams - before.Datagrams)
	default:
		r.amount = float64(seen.Conns)
	}
}

func (r *row) rate() float64 { return r.amount / r.seconds }

func printRows(out io.Writer, l load, rows []row) {
	reference := 0.0
	for _, r := range rows {
		if r.way.reference {
			reference = r.rate()
		}
	}
	for _, r := range rows {
		ratio := "-"
		if reference > 0 && l.kind != idle {
			ratio = fmt.Sprintf("%.2f", r.rate()/reference)
		}
		carrier, peak := r.cost(l, r.carrier), fmt.Sprintf("%.0f", float64(r.peak)/(1<<20))
		if r.way.open == nil {
			carrier, peak = "-", "-"
		}
		fmt.Fprintf(out, "| %v | %s | %s | %s | %s | %s | %s |\n", l, r.way.name, r.figure(l), ratio, carrier, r.cost(l, r.all), peak)
	}
}

// figure is the rate, or what an idle flow takes.
func (r *row) figure(l load) string {
	switch l.kind {
	case streams:
		return fmt.Sprintf("%.2f Gbit/s", r.rate()*8/1e9)
	case datagrams:
		return fmt.Sprintf("%.0f k/s", r.rate()/1e3)
	case turnover:
		return fmt.Sprintf("%.0f /s", r.rate())
	default:
		return fmt.Sprintf("%.1f KiB a flow, %.1f after a collection", r.each(r.grown), r.each(r.settled))
	}
}

func (r *row) each(bytes int64) float64 { return float64(bytes) / 1024 / r.amount }

// cost is the time of processors for each GB, datagram or conn.
func (r *row) cost(l load, cpu int64) string {
	if l.kind == streams {
		return fmt.Sprintf("%.2f s/GB", float64(cpu)/r.amount)
	}
	return fmt.Sprintf("%.1f µs", float64(cpu)/1e3/r.amount)
}
