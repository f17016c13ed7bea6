package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"
)

// options are the command line.
type options struct {
	length time.Duration
	pace   time.Duration
	seed   uint64
	race   bool
	only   string // part of the names of faults
}

// capOfRun is what the gateway may have of the machine's memory, in bytes, where there are cgroups.
func (o options) capOfRun() int64 {
	if o.race {
		return 2 << 30
	}
	return 128 << 20
}

// idle_timeout of the gateway's listeners, in seconds; each change of listeners takes the next one.
const (
	idleLeast = 30
	idleMost  = 45
)

// A run is one test of endurance.
type run struct {
	options

	out  io.Writer
	dir  string
	unit time.Duration // of faults
	calm time.Duration // between faults

	world        *world
	certificates *certificates
	upstreams    map[string]*child
	gateway      *gateway
	clock        *clock
	cap          *memoryCap
	load         *load
	judge        *judge
	watch        *watch

	begun, ended time.Time
	base, last   sizes
	faults       []*fault
	noCap        error // why there is no cgroup
	noClock      error // why the clock cannot jump
	defects      []string
}

// endure runs the whole test and writes the report. The error says what is wrong, with all defects.
func endure(o options, out io.Writer) (err error) {
	if err := able(); err != nil {
		return err
	}
	r := &run{options: o, out: out, upstreams: map[string]*child{}}
	// A fault and the calm after it take about 7 s in runs of minutes.
	r.unit = min(2*time.Second, max(o.length/60, 100*time.Millisecond))
	r.calm = r.unit
	if r.dir, err = os.MkdirTemp("", "endurance"); err != nil {
		return err
	}
	defer os.RemoveAll(r.dir)
	defer r.close()
	if err := r.open(); err != nil {
		return err
	}
	r.sayf("the gateway runs as process %d; base is being measured", r.gateway.pid())
	if err := r.warm(); err != nil {
		return fmt.Errorf("before any fault: %w", err)
	}
	if err := r.suffer(); err != nil {
		r.defectf("%v", err)
	}
	r.settle()
	r.report()
	if len(r.defects) > 0 {
		fmt.Fprintf(r.out, "The end of the gateway's log:\n%s\n", r.gateway.log.tail())
	}
	if len(r.defects) > 0 {
		return fmt.Errorf("%d defects:\n- %s", len(r.defects), strings.Join(r.defects, "\n- "))
	}
	return nil
}

// short says whether this is a run of seconds: then the gateway forgets its clients sooner.
func (r *run) short() bool { return r.length < time.Minute }

// sayf tells how far it is.
func (r *run) sayf(format string, args ...any) {
	fmt.Fprintf(r.out, "%s %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

func (r *run) defectf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.sayf("DEFECT %s", text)
	r.defects = append(r.defects, text)
}

// open starts everything.
func (r *run) open() error {
	program, source, err := build(r.dir, r.race)
	if err != nil {
		return err
	}
	r.sayf("built %s", source)
	if r.world, err = newWorld(); err != nil {
		return err
	}
	if r.certificates, err = newCertificates(r.dir); err != nil {
		return err
	}
	for name, host := range map[string]string{first: firstUpstream, second: secondUpstream} {
		c := &child{place: r.world.upstreams, config: upstream{Host: host, Journal: r.dir, Certs: r.dir, Name: name}}
		if err := c.start(); err != nil {
			return err
		}
		r.upstreams[name] = c
	}
	if r.gateway, err = startGateway(r.world.gateway, program, r.dir, document{idle: idleLeast, short: r.short()}); err != nil {
		return err
	}
	r.watch = startWatch(r.gateway)
	r.judge = &judge{failed: func(f failure) { r.sayf("unexplained: %s", f) }}
	r.load = &load{lanes: lanes(), host: gatewayHost, roots: r.certificates.roots(), pace: r.pace, tell: r.judge.tell}
	if r.load.idle = 30 * time.Second; r.short() {
		r.load.idle = 8 * time.Second
	}
	return r.prepare()
}

// prepare makes what some faults need and not every machine has.
func (r *run) prepare() (err error) {
	if r.cap, err = newCap(); err != nil {
		r.cap, r.noCap = nil, err
	} else if err = errors.Join(r.cap.take(r.gateway.pid()), r.cap.set(r.capOfRun())); err != nil {
		return err
	}
	if err := suspend(r.gateway.pid()); err != nil {
		return err
	}
	if r.clock, err = newClock(r.gateway.pid()); err != nil {
		r.clock, r.noClock = nil, err
	}
	return resume(r.gateway.pid())
}

// close ends what open has started.
func (r *run) close() {
	if r.watch != nil {
		r.watch.close()
	}
	if r.gateway != nil {
		r.gateway.kill()
	}
	if r.clock != nil {
		r.clock.close()
	}
	if r.cap != nil {
		r.cap.close()
	}
	for _, c := range r.upstreams {
		c.kill()
	}
	if r.world != nil {
		r.world.close()
	}
}

// warm lets the load run for a moment without faults, and takes the base when it is gone.
func (r *run) warm() error {
	r.load.start()
	begun := time.Now()
	time.Sleep(max(10*r.pace, 2*time.Second))
	err := r.recovered(begun)
	r.load.stop()
	if err := errors.Join(err, r.explained()); err != nil {
		return err
	}
	if r.base, err = r.rest(sizes{}); err != nil {
		return err
	}
	r.sayf("base: %s", r.base)
	return nil
}

// suffer injects the faults, each one at least once, until the time is over.
func (r *run) suffer() error {
	r.begun = time.Now()
	defer func() { r.ended = time.Now() }()
	r.load.start()
	defer r.load.stop()
	order := faults()
	r.faults = order
	dice := rand.New(rand.NewPCG(r.seed, r.seed)) //nolint:gosec // the same order for the same seed
	for round := 0; round == 0 || time.Since(r.begun) < r.length; round++ {
		for _, f := range order {
			if !strings.Contains(f.name, r.only) || f.lacks(r) != nil {
				continue
			}
			if round > 0 && time.Since(r.begun) >= r.length {
				break
			}
			time.Sleep(r.calm)
			if err := r.undergo(f); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
		}
		order = append([]*fault(nil), order...)
		dice.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	time.Sleep(r.calm)
	return nil
}

// undergo injects one fault and waits until no client suffers from it.
func (r *run) undergo(f *fault) error {
	w := r.judge.open(f)
	err := f.inject(r)
	w.healed = time.Now()
	if err == nil {
		err = r.recovered(w.healed)
	}
	r.judge.shut(w)
	r.sayf("%-28s %5.1f s, recovered %.1f s later", f.name, w.healed.Sub(w.begun).Seconds(), w.ended.Sub(w.healed).Seconds())
	return errors.Join(err, r.gateway.alive())
}

// recovered waits until each client had an answer to a request that it sent after a time.
func (r *run) recovered(since time.Time) error {
	err := r.await("each client has an answer to a new request", func() bool { return len(r.load.missing(since)) == 0 })
	if err != nil {
		for _, w := range r.load.missing(since) {
			err = fmt.Errorf("%w; lane %s does not recover", err, w.lane.name)
		}
	}
	return err
}

// explained says what failed without a fault that explains it.
func (r *run) explained() error {
	var errs []error
	for _, f := range r.judge.left(r.gateway.log) {
		errs = append(errs, fmt.Errorf("unexplained: %s", f))
	}
	return errors.Join(errs...)
}
