package main

import (
	"fmt"
	"time"
)

// A fault is what is done to the gateway while it is under load. Each one stands in the table of the report.
type fault struct {
	name string
	// what says what is done, and what must hold when nothing is allowed.
	what string
	// inject does it, holds it, and ends it.
	inject func(r *run) error
	// needs says why it is not possible on this machine; nil: it is.
	needs func(r *run) error
	// allows is what clients may see of it. Anything else is a defect, and so is anything outside of its window.
	allows []allowance
}

// lacks says why it is not possible on this machine; nil: it is.
func (f *fault) lacks(r *run) error {
	if f.needs == nil {
		return nil
	}
	return f.needs(r)
}

// Lanes by what they have in common.
var (
	httpLanes = []string{"http1", "http2", "http3"}
)

// endOfKilled is why clients see an end of their conn, and no reset.
const endOfKilled = "the system ends the conns of a process that is killed, and the gateway passes the end on"

// faults are all of them, in the order of the first round.
func faults() []*fault {
	return []*fault{
		killed(first, []allowance{
			{[]string{"tcp"}, []string{reset}, "the gateway resets a client whose upstream refuses or resets"},
			{[]string{"tcp"}, []string{ended}, endOfKilled},
			{[]string{"http1", "http3"}, []string{status(502)}, "the gateway answers 502 when the upstream breaks off or refuses"},
			{[]string{"http1"}, []string{ended, reset}, "a response that had begun breaks off with its upstream"},
			{[]string{"http3"}, []string{aborted}, "a response that had begun breaks off with its upstream"},
		}),
		killed(second, []allowance{
			{[]string{"tls"}, []string{reset}, "the gateway resets a client whose upstream refuses or resets"},
			{[]string{"quic"}, []string{aborted}, "the gateway resets the stream whose upstream refuses or resets"},
			{[]string{"tls", "quic"}, []string{ended}, endOfKilled},
			{[]string{"http2"}, []string{status(502)}, "the gateway answers 502 when the upstream breaks off or refuses"},
			{[]string{"http2"}, []string{aborted}, "a response that had begun breaks off with its upstream"},
		}),
		{name: "upstream hangs", what: "the first upstream is stopped (SIGSTOP) and goes on; its clients wait", inject: (*run).freezeUpstream},
		{name: "certificate renewed", what: "chain and key are replaced; conns stay, and new ones show the new certificate", inject: (*run).renew},
		{name: "certificate spoiled", what: "the file is overwritten by half of one; the old one stays in use, then a new one is", inject: (*run).spoil},
		{name: "upstream's CA changed", what: "roots of old and new CA, the upstream's certificate by the new one, roots of the new one", inject: (*run).changeCA},
		{name: "reload, nothing new", what: "SIGHUP three times; nothing ends", inject: (*run).reloadSame},
		{name: "reload, wrong document", what: "SIGHUP with a document that is wrong; nothing changes", inject: (*run).reloadBad},
		{name: "reload, other routes", what: "the route of tcp leads elsewhere, and a listener comes and goes; nothing ends", inject: (*run).reloadRoutes},
		changed(),
		linkDown("clients' link down", frontLink, []allowance{
			{[]string{"tcp", "tls", "http1", "http2", "http3", "quic", "udp", "dtls"}, []string{unreachable}, "the client's own system has no route while its link is down"},
		}),
		linkDown("upstreams' link down", backLink, []allowance{
			{[]string{"tcp", "tls"}, []string{reset, ended}, "the gateway resets a client whose upstream it has no route to"},
			{[]string{"quic"}, []string{aborted}, "the gateway resets a stream whose upstream it has no route to"},
			{httpLanes, []string{status(502)}, "the gateway answers 502 when it has no route to the upstream"},
			{[]string{"dtls"}, []string{ended, goneAway}, "the gateway ends a session whose upstream it cannot dial"},
		}),
		{
			name: "no descriptors", what: "RLIMIT_NOFILE below what is open, while conns come, and a certificate and a document change",
			inject: (*run).exhaust, allows: []allowance{
				{[]string{"tcp", "tls"}, []string{reset, ended}, "an accepted conn that no socket can be had for to the upstream is reset"},
				{[]string{"quic"}, []string{aborted}, "a stream that no socket can be had for to the upstream is reset"},
				{httpLanes, []string{status(502)}, "a request that no socket can be had for to the upstream is answered 502"},
				{[]string{"dtls"}, []string{ended, goneAway}, "a session that no socket can be had for to the upstream is ended"},
			},
		},
		{name: "memory capped", what: "clients that send and never read, under a cap little above what is in use", inject: (*run).press},
		{name: "clock jumps", what: "CLOCK_REALTIME of the gateway by +1 h, +8 days, -1 day and back", inject: (*run).jump, needs: func(r *run) error { return r.noClock }},
		{
			name: "gateway paused", what: "SIGSTOP and SIGCONT, as a machine that is suspended; clients wait", inject: (*run).pause,
			allows: []allowance{{
				[]string{"http2"}, []string{ended, reset, goneAway, aborted},
				"net/http ends a conn of HTTP/2 whose first frame it has not read within 2 s",
			}},
		},
	}
}

// killed is the death of an upstream by SIGKILL.
func killed(name string, allows []allowance) *fault {
	return &fault{
		name: name + " upstream dies", what: "SIGKILL; it comes back at the same address", allows: allows,
		inject: func(r *run) error {
			c := r.upstreams[name]
			c.kill()
			r.hold(1)
			return c.start()
		},
	}
}

// linkDown takes the gateway's neighbour's end of a link down and up.
func linkDown(name, link string, allows []allowance) *fault {
	return &fault{
		name: name, what: "the interface is set down and up again", allows: allows,
		inject: func(r *run) error {
			space := r.world.gateway.space
			if link == frontLink {
				space = nil // the clients' own
			}
			if err := set(space, link, "down"); err != nil {
				return err
			}
			r.hold(1)
			return set(space, link, "up")
		},
	}
}

// changed is a reload that makes every listener another one.
func changed() *fault {
	const why = "the listener changed: its sessions are cut after the drain time, and its successor opens when the address is free"
	return &fault{
		name: "reload, listeners changed", what: "SIGHUP with another idle_timeout of each listener", inject: (*run).reloadListeners,
		allows: []allowance{
			{[]string{"tcp", "tls"}, []string{reset, ended, refused}, why},
			{[]string{"http1"}, []string{ended, reset, refused}, why},
			{[]string{"http2"}, []string{ended, reset, refused, goneAway, aborted}, why},
			{[]string{"http3", "quic"}, []string{goneAway, aborted, refused}, why},
			{[]string{"dtls"}, []string{ended, goneAway, refused}, why},
			{[]string{"dtls"}, []string{alerted}, "the cookie of a handshake was the old listener's; the new one asks for another, and the library cannot go on from a third hello"},
		},
	}
}

// hold lets a fault last for so many units: 2 s, or less in a short run.
func (r *run) hold(units int) { time.Sleep(time.Duration(units) * r.unit) }

// bound is what a thing may take that a busy machine does slowly.
const bound = 90 * time.Second

// await waits for a condition while the gateway runs.
func (r *run) await(what string, holds func() bool) error {
	for end := time.Now().Add(bound); !holds(); time.Sleep(20 * time.Millisecond) {
		if err := r.gateway.alive(); err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("not within %v: %s", bound, what)
		}
	}
	return nil
}

func (r *run) freezeUpstream() error {
	pid := r.upstreams[first].cmd.Process.Pid
	if err := suspend(pid); err != nil {
		return err
	}
	r.hold(2)
	return resume(pid)
}

func (r *run) pause() error {
	pid := r.gateway.pid()
	if err := suspend(pid); err != nil {
		return err
	}
	r.hold(2)
	return resume(pid)
}

// shown waits until new conns of all lanes show a certificate.
func (r *run) shown(serial string) error {
	return r.await("new conns show the new certificate", func() bool {
		for _, l := range r.load.lanes {
			if l.secure && l.serial.Load() != serial {
				return false
			}
		}
		return true
	})
}

func (r *run) renew() error {
	serial, err := r.certificates.renew()
	if err != nil {
		return err
	}
	return r.shown(serial)
}

func (r *run) spoil() error {
	log := r.gateway.log
	before := log.count("tls: change refused")
	if err := r.certificates.spoil(); err != nil {
		return err
	}
	if err := r.gateway.awaitLog("tls: change refused", before, bound); err != nil {
		return err
	}
	r.hold(1)
	return r.renew()
}

// changeCA moves the second upstream from one CA to the next, as an operator does it.
func (r *run) changeCA() error {
	c := r.certificates
	next, err := newCA()
	if err != nil {
		return err
	}
	reloaded := func(change func() error) error {
		before := r.gateway.log.count("tls: reloaded")
		if err := change(); err != nil {
			return err
		}
		return r.gateway.awaitLog("tls: reloaded", before, bound)
	}
	if err := reloaded(func() error { return c.trust(c.back, next) }); err != nil {
		return err
	}
	if err := c.renewUpstream(next); err != nil {
		return err
	}
	r.hold(1)
	c.back = next
	return reloaded(func() error { return c.trust(next) })
}

func (r *run) reloadSame() error {
	for range 3 {
		if err := r.gateway.reload(r.gateway.now, "msg=reloaded"); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) reloadBad() error {
	good := r.gateway.now
	bad := good
	bad.bad = "drains: 3s"
	if err := r.gateway.reload(bad, "nothing has changed"); err != nil {
		return err
	}
	r.hold(1)
	return r.gateway.reload(good, "msg=reloaded")
}

func (r *run) reloadRoutes() error {
	d := r.gateway.now
	d.other, d.added = !d.other, true
	if err := r.gateway.reload(d, "msg=reloaded"); err != nil {
		return err
	}
	r.hold(1)
	d.added = false
	return r.gateway.reload(d, "msg=reloaded")
}

func (r *run) reloadListeners() error {
	d := r.gateway.now
	if d.idle++; d.idle > idleMost {
		d.idle = idleLeast
	}
	return r.gateway.reload(d, "msg=reloaded")
}

// jump shifts the gateway's clock there and back.
func (r *run) jump() (err error) {
	for _, by := range []time.Duration{time.Hour, 8 * 24 * time.Hour, -24 * time.Hour, 0} {
		if err := r.clock.shift(by); err != nil {
			return err
		}
		s, err := r.gateway.measure(false)
		if err != nil {
			return err
		}
		if got := time.Until(time.Unix(s.Seconds, 0)); (got - by).Abs() > bound {
			return fmt.Errorf("the gateway's clock is %v off instead of %v", got.Round(time.Second), by)
		}
		r.hold(1)
	}
	return nil
}
