package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// What may be more at the end than at the base. Goroutines and descriptors may not.
const (
	heapMore = 8 << 20  // bytes: caches of sessions and tickets, which are bounded, fill up
	rssMore  = 48 << 20 // bytes: what the runtime keeps, and code that was not used before
)

// within says whether a size is back to its base.
func (s sizes) within(base sizes) bool {
	return s.Goroutines <= base.Goroutines && s.descriptors <= base.descriptors &&
		s.Heap <= base.Heap+heapMore && s.rss <= base.rss+rssMore
}

// String returns the sizes for the report.
func (s sizes) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %.1f MiB heap, %.1f MiB RSS",
		s.Goroutines, s.descriptors, float64(s.Heap)/(1<<20), float64(s.rss)/(1<<20))
}

// restTime bounds how long the gateway may take to forget its clients: idle sessions of UDP have idle_timeout.
const restTime = 3*time.Minute + idleMost*time.Second

// rest lets the gateway forget its clients and upstreams, and waits until its sizes are back to the base. The
// zero base asks for one.
func (r *run) rest(base sizes) (now sizes, err error) {
	for _, c := range r.upstreams { // conns that are kept for the next request end with them
		c.kill()
		if err := c.start(); err != nil {
			return now, err
		}
	}
	if base == (sizes{}) {
		return r.still()
	}
	for end := time.Now().Add(restTime); ; time.Sleep(250 * time.Millisecond) {
		if now, err = r.gateway.measure(true); err != nil {
			return now, errors.Join(err, r.gateway.alive())
		}
		if now.within(base) {
			return now, nil
		}
		if time.Now().After(end) {
			return now, fmt.Errorf("not back to the base after %v: %s; base: %s", restTime, now, base)
		}
	}
}

// probing is how many goroutines and descriptors come and go because somebody counts them.
const probing = 2

// still waits until goroutines and descriptors have stayed as they are for longer than idle sessions last, and returns the
// most of that time.
func (r *run) still() (most sizes, err error) {
	var since time.Time
	for end := time.Now().Add(restTime); time.Now().Before(end); time.Sleep(250 * time.Millisecond) {
		now, err := r.gateway.measure(true)
		if err != nil {
			return now, errors.Join(err, r.gateway.alive())
		}
		if now.Goroutines < most.Goroutines-probing || now.descriptors < most.descriptors-probing {
			since = time.Time{}
		}
		if since.IsZero() {
			most, since = sizes{}, time.Now()
		}
		most = most.max(now)
		if time.Since(since) > r.gateway.now.idleUDP()+time.Second {
			return most, nil
		}
	}
	return most, fmt.Errorf("the gateway does not come to rest within %v: %s", restTime, most)
}

// max returns the larger one of each size.
func (s sizes) max(other sizes) sizes {
	return sizes{
		Goroutines: max(s.Goroutines, other.Goroutines), Heap: max(s.Heap, other.Heap),
		descriptors: max(s.descriptors, other.descriptors), rss: max(s.rss, other.rss),
	}
}

// settle ends the load and the gateway, and looks at what is left.
func (r *run) settle() {
	if err := r.gateway.alive(); err != nil {
		r.defectf("%v", err)
		return
	}
	r.sayf("the load is over; peak: %s", r.watch.peak())
	var err error
	if r.last, err = r.rest(r.base); err != nil {
		r.defectf("%v", err)
		r.keep("stacks")
	}
	r.sayf("end: %s", r.last)
	if err := r.explained(); err != nil {
		r.defectf("%v", err)
	}
	r.audit()
	r.watch.close()
	if err := r.gateway.stop(); err != nil {
		r.defectf("%v", err)
	} else if r.gateway.log.count("msg=stopped") != 1 {
		r.defectf("the gateway did not say that it stopped")
	}
	for _, line := range r.gateway.log.alarm() {
		r.defectf("in the gateway's log: %s", line)
	}
}

// audit compares the journals with what clients were told.
func (r *run) audit() {
	for _, l := range r.load.lanes {
		lost, repeated, err := l.audit(r.dir)
		if err != nil {
			r.defectf("%s: %v", l.name, err)
		}
		if len(lost) > 0 {
			r.defectf("%s: %d requests were acknowledged, but no upstream had them, for example %v", l.name, len(lost), some(lost))
		}
		if len(repeated) > 0 {
			r.defectf("%s: %d requests came more than once, for example %v", l.name, len(repeated), some(repeated))
		}
		if l.acknowledged() == 0 {
			r.defectf("%s: no request was acknowledged", l.name)
		}
	}
}

func some(all []uint64) []uint64 { return all[:min(len(all), 5)] }

// keep saves a page of the probe beside where the test was started.
func (r *run) keep(page string) {
	text, err := ask(r.gateway.socket, page)
	if err != nil {
		r.sayf("%s: %v", page, err)
		return
	}
	name := filepath.Join(os.TempDir(), fmt.Sprintf("endurance-%d-%s.txt", os.Getpid(), page))
	if err := os.WriteFile(name, text, 0o600); err != nil {
		r.sayf("%s: %v", page, err)
		return
	}
	lines := strings.Split(string(text), "\n")
	r.sayf("%s in %s, which begins:\n%s", page, name, strings.Join(lines[:min(len(lines), 40)], "\n"))
}
