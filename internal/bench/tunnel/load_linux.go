package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/strata-net/strata/internal/bench/lab"
)

// A load is the same work for all ways.
type load struct {
	kind string
	n    int
	down bool
}

func loads(s *settings) []load {
	var list []load
	for _, down := range []bool{false, true} {
		for _, n := range []int{1, 4, 16} {
			list = append(list, load{streams, n, down})
		}
	}
	for _, down := range []bool{false, true} {
		for _, n := range []int{1, 16} {
			list = append(list, load{datagrams, n, down})
		}
	}
	list = append(list, load{turnover, 16, false}, load{idle, s.flows, false})
	kept := list[:0]
	for _, l := range list {
		if s.load.MatchString(l.String()) {
			kept = append(kept, l)
		}
	}
	return kept
}

func (l load) String() string {
	direction := map[bool]string{false: "up", true: "down"}[l.down]
	switch l.kind {
	case streams:
		return fmt.Sprintf("TCP, %d %s", l.n, direction)
	case datagrams:
		return fmt.Sprintf("UDP, %d %s", l.n, direction)
	case turnover:
		return fmt.Sprintf("conns, %d at a time", l.n)
	default:
		return fmt.Sprintf("idle, %d flows", l.n)
	}
}

// measure lets each way carry the load, and prints a line for it.
func (l load) measure(out io.Writer, n *network, s *settings) error {
	var rows []row
	for _, w := range ways {
		if !s.way.MatchString(w.name) || (l.kind == idle && w.open == nil) {
			continue
		}
		if s.progress {
			fmt.Fprintf(os.Stderr, "%v: %s\n", l, w.name)
		}
		r, err := (&turn{load: l, way: w, network: n, settings: s}).measure()
		if err != nil {
			return fmt.Errorf("%v: %s: %w", l, w.name, err)
		}
		rows = append(rows, r)
	}
	printRows(out, l, rows)
	return nil
}

// turn is one load on one way.
type turn struct {
	load
	way
	*network
	*settings

	carrier, served *lab.Process // nil where there is none
	before          report       // of the carrier
	row             row
}

func (t *turn) job() job {
	j := job{
		Kind: t.kind, N: t.n, Down: t.down, Time: t.time, Target: t.target, Way: t.way.name,
		Client: t.client.Path(), Server: t.server.Path(),
	}
	if t.profiles != "" {
		name := strings.NewReplacer(", ", "-", " ", "-", ":", "").Replace(t.load.String() + "-" + t.way.name)
		j.Profile = filepath.Join(t.profiles, name)
	}
	return j
}

func (t *turn) measure() (r row, err error) {
	defer func() { err = errors.Join(err, t.stop()) }()
	t.row.way = t.way
	if t.open != nil {
		if t.carrier, err = start(t.gateway, carrying, t.job()); err != nil {
			return r, err
		}
	}
	if !t.here && !t.there {
		if t.served, err = start(t.server, serving, t.job()); err != nil {
			return r, err
		}
	}
	if t.before, err = ask(t.carrier); err != nil {
		return r, err
	}
	if t.kind == streams && !t.here && !t.there {
		if err = t.iperf(); err == nil {
			err = t.count()
		}
	} else {
		err = t.generate()
	}
	return t.row, err
}

// count adds what the way's process has used.
func (t *turn) count() error {
	after, err := ask(t.carrier)
	t.row.carrier = after.CPU - t.before.CPU
	t.row.all += t.row.carrier
	t.row.peak = after.Peak
	t.row.grown, t.row.settled = after.Resident-t.before.Resident, after.Settled-t.before.Settled
	return err
}

func (t *turn) stop() error {
	var err error
	for _, p := range []*lab.Process{t.carrier, t.served} {
		if p != nil {
			err = errors.Join(err, p.Stop())
		}
	}
	return err
}

// ask asks an agent for a report. A nil one has nothing to tell.
func ask(p *lab.Process) (r report, err error) {
	if p == nil {
		return r, nil
	}
	if err = p.Tell(); err == nil {
		err = p.Line(&r)
	}
	return r, err
}

// generate makes traffic with our own client, and counts while its conns are open.
func (t *turn) generate() (err error) {
	server, client := t.served, t.carrier
	if server == nil {
		server = t.carrier
	}
	if !t.here {
		if client, err = start(t.client, loading, t.job()); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, client.Stop()) }()
	}
	before := t.before
	if !t.here {
		if before, err = ask(server); err != nil {
			return err
		}
	}
	var r result
	if err = client.Tell(); err == nil {
		err = client.Line(&r)
	}
	if err != nil {
		return err
	}
	after, err := ask(server)
	if err != nil {
		return err
	}
	t.row.take(t.load, r, before, after)
	if !t.here {
		t.row.all += r.CPU
	}
	if t.served != nil {
		t.row.all += after.CPU - before.CPU
	}
	return t.count()
}
