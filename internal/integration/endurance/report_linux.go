package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// report writes what was held, injected and seen.
func (r *run) report() {
	length := r.ended.Sub(r.begun)
	fmt.Fprintf(r.out, "\n%s\n", machine())
	fmt.Fprintf(r.out, "%v of load, seed %d, %d clients a lane, a request of each every %v\n\n",
		length.Round(time.Second), r.seed, workersOfLane, r.pace)
	r.reportLoad(length)
	r.reportFaults()
	r.reportSizes()
	if n := len(r.gateway.log.starving()); n > 0 {
		fmt.Fprintf(r.out, "net/http gave up %d conns of HTTP/2 whose first frame it had not read within 2 s.\n", n)
	}
	if len(r.defects) == 0 {
		fmt.Fprintln(r.out, "No defects: nothing that was acknowledged is lost, and each error has its fault.")
	}
}

func (r *run) table(head string, rows func(row func(cells ...any))) {
	t := tabwriter.NewWriter(r.out, 0, 0, 1, ' ', 0)
	row := func(cells ...any) {
		for _, c := range cells {
			fmt.Fprintf(t, "| %v\t", c)
		}
		fmt.Fprintln(t, "|")
	}
	names := strings.Split(head, "|")
	cells := make([]any, len(names))
	lines := make([]any, len(names))
	for i, n := range names {
		cells[i], lines[i] = n, "---"
	}
	row(cells...)
	row(lines...)
	rows(row)
	t.Flush()
	fmt.Fprintln(r.out)
}

func (r *run) reportLoad(length time.Duration) {
	r.table("lane|asked|acknowledged|a second|failed, each explained|longest answer|sessions|full handshakes|resumed|sent again", func(row func(...any)) {
		for _, l := range r.load.lanes {
			failed := 0
			for _, w := range r.judge.all() {
				for s, n := range w.seen {
					if s.lane == l.name {
						failed += n
					}
				}
			}
			row(l.name, l.asked.Load(), l.acknowledged(), fmt.Sprintf("%.1f", float64(l.acknowledged())/length.Seconds()), failed,
				time.Duration(l.slow.Load()).Round(time.Millisecond), l.opened.Load(), l.full.Load(), l.short.Load(), l.again.Load())
		}
	})
}

func (r *run) reportFaults() {
	r.table("fault|times|lasted|recovered after, at most|errors seen|why that is right", func(row func(...any)) {
		for _, f := range r.faults {
			var times int
			var lasted, recovery time.Duration
			errs := map[seen]int{}
			for _, w := range r.judge.all() {
				if w.fault != f {
					continue
				}
				times++
				lasted += w.healed.Sub(w.begun)
				recovery = max(recovery, w.ended.Sub(w.healed))
				for s, n := range w.seen {
					errs[s] += n
				}
			}
			if times == 0 {
				if err := f.lacks(r); err != nil {
					row(f.name, 0, "", "", "not injected", err)
				}
				continue
			}
			row(f.name, times, (lasted / time.Duration(times)).Round(100*time.Millisecond), recovery.Round(100*time.Millisecond),
				listed(errs), f.reasons(errs))
		}
	})
	for _, f := range r.faults {
		fmt.Fprintf(r.out, "%s: %s.\n", f.name, f.what)
	}
	fmt.Fprintln(r.out)
}

// listed names failures with their number.
func listed(errs map[seen]int) string {
	if len(errs) == 0 {
		return "none"
	}
	var all []string
	for s, n := range errs {
		all = append(all, fmt.Sprintf("%s: %d %s", s.lane, n, s.class))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// reasons says why what was seen is right.
func (f *fault) reasons(errs map[seen]int) string {
	var all []string
	for _, a := range f.allows {
		for s := range errs {
			if a.covers(failure{lane: s.lane, class: s.class}) && !slices.Contains(all, a.why) {
				all = append(all, a.why)
			}
		}
	}
	if len(all) == 0 {
		return "none is what has to be"
	}
	return strings.Join(all, "; ")
}

func (r *run) reportSizes() {
	r.table("size|base|peak|end", func(row func(...any)) {
		peak := r.watch.peak()
		row("goroutines", r.base.Goroutines, peak.Goroutines, r.last.Goroutines)
		row("descriptors", r.base.descriptors, peak.descriptors, r.last.descriptors)
		row("heap, MiB", mib(r.base.Heap), mib(peak.Heap), mib(r.last.Heap))
		row("RSS, MiB", mib(r.base.rss), mib(peak.rss), mib(r.last.rss))
	})
	limits := fmt.Sprintf("GOMEMLIMIT is %s MiB", mib(memoryGoal))
	if r.noCap != nil {
		limits += fmt.Sprintf(", without a cgroup: %v", r.noCap)
	}
	if r.cap != nil {
		if most, err := r.cap.most(); err == nil {
			limits += fmt.Sprintf(", the cgroup's cap %s MiB, of which %s were used at most", mib(r.capOfRun()), mib(most))
		}
	}
	fmt.Fprintf(r.out, "%s. Processor time: gateway %v, clients %v, upstreams and tools %v.\n", limits,
		r.gateway.cpu.Round(time.Second/10), used(unix.RUSAGE_SELF).Round(time.Second/10), (used(unix.RUSAGE_CHILDREN) - r.gateway.cpu).Round(time.Second/10))
}

func mib(bytes int64) string { return fmt.Sprintf("%.1f", float64(bytes)/(1<<20)) }

// used is the processor time of this process, or of its children that have ended.
func used(who int) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(who, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// machine says what this runs on, and with what.
func machine() string {
	var u unix.Utsname
	_ = unix.Uname(&u) // then there is no version
	text := fmt.Sprintf("%s %s, %d processors, %s", runtime.GOOS, unix.ByteSliceToString(u.Release[:]), runtime.NumCPU(), runtime.Version())
	cpus, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(cpus)) {
			if name, model, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				text += ", " + strings.TrimSpace(model)
				break
			}
		}
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return text
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/quic-go/quic-go" || m.Path == "github.com/pion/dtls/v3" {
			text += ", " + m.Path + " " + m.Version
		}
	}
	return text
}

// all returns the windows so far.
func (j *judge) all() []*window {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.windows)
}
