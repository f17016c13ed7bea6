package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/strata-net/strata/sockopt"
)

// A row is the cells of one line of the table.
type row []string

// header names the columns: what was measured, then what became of the options.
var header = row{
	"PROTOCOL", "ADDRESS", "NEGOTIATED", "TRIPS/S", "P50", "P99",
	"SOCKET", "OPTION", "ASKED", "KERNEL",
}

// measured is how many columns of header are filled once for a trial.
const measured = 6

// writeTable prints the trials and the options of their sockets.
func writeTable(out io.Writer, trials []*trial, seen *gallery) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	lines := []row{header}
	for _, t := range trials {
		lines = append(lines, t.rows(seen)...)
	}
	for _, line := range lines {
		fmt.Fprintln(w, strings.TrimRight(strings.Join(line, "\t"), "\t"))
	}
	return w.Flush()
}

// rows returns the lines of a trial: the first has the measurement, and each
// has an option.
func (t *trial) rows(seen *gallery) []row {
	options := t.options(seen)
	if len(options) == 0 {
		options = []row{{}}
	}
	lines := make([]row, len(options))
	for i, o := range options {
		left := make(row, measured)
		if i == 0 {
			left = t.summary()
		}
		lines[i] = slices.Concat(left, o)
	}
	return lines
}

// summary returns what was measured.
func (t *trial) summary() row {
	if t.err != nil {
		return row{t.name(), t.address.String(), "FAILED", "-", "-", "-"}
	}
	m := &t.measure
	return row{
		t.protocol, t.address.String(), t.negotiated(), fmt.Sprintf("%.0f", m.rate()),
		m.quantile(0.50).Round(time.Microsecond).String(),
		m.quantile(0.99).Round(time.Microsecond).String(),
	}
}

// negotiated returns the versions that client and gateway agreed on.
func (t *trial) negotiated() string {
	var versions []string
	if t.measure.http != "" {
		versions = append(versions, t.measure.http)
	}
	if version := t.measure.tls.Version; version != "" {
		versions = append(versions, version)
	}
	if len(versions) == 0 {
		return "-"
	}
	return strings.Join(versions, ", ")
}

// options returns a row for each option of each socket that a round trip of the
// trial goes through, from the client to the upstream.
func (t *trial) options(seen *gallery) []row {
	var lines []row
	add := func(role Role, name string) {
		for _, r := range seen.results(role, name) {
			lines = append(lines, row{string(role), r.Option.Name(), r.Option.ValueText(), verdict(r)})
		}
	}
	if t.version != "HTTP/3.0" { // the others' sockets are TCP ones
		add(RoleClient, t.listener.Name)
		add(RoleListener, t.listener.Name)
		add(RoleAccepted, t.listener.Name)
	}
	for _, route := range t.listener.Routes {
		add(RoleUpstream, route.Upstream.Name)
	}
	return lines
}

// verdict returns what the kernel says about an option.
func verdict(r sockopt.Result) string {
	switch {
	case missing(r):
		return "not supported here"
	case r.Err != nil:
		return fmt.Sprintf("FAILED: %s %v", r.Got, r.Err)
	case r.Got == "":
		return "(" + r.Note + ")"
	}
	return r.Got
}
