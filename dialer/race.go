package dialer

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// A race connects to the first address of a name that answers.
type race struct {
	plan    *plan
	network string // as asked for
	address string // as asked for
	found   *resolution
	data    []byte
}

// An outcome is a conn with the number of bytes that went with its SYN, or the attempts that failed.
type outcome struct {
	conn   net.Conn
	sent   int
	failed Attempts
}

// run gives the version of IP of the first address a head start, as RFC 8305 and package net do.
func (r *race) run(ctx context.Context) outcome {
	first, second := r.split()
	if len(second) == 0 {
		return r.inTurn(ctx, first)
	}
	return r.parallel(ctx, first, second)
}

// split divides the addresses by version, for a dial that may use both at the same time.
func (r *race) split() (first, second []netip.Addr) {
	addrs := r.found.addrs
	if r.plan.network != "tcp" || r.plan.net.FallbackDelay < 0 {
		return addrs, nil
	}
	for _, ip := range addrs {
		if ip.Is4() == addrs[0].Is4() {
			first = append(first, ip)
		} else {
			second = append(second, ip)
		}
	}
	return first, second
}

// parallel starts the second list when the first one has had its time, or has failed. The conn of the slower one is
// closed by whoever opened it.
func (r *race) parallel(ctx context.Context, first, second []netip.Addr) outcome {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	returned := make(chan struct{})
	defer close(returned)
	ended := make(chan outcome)
	start := func(addrs []netip.Addr) {
		o := r.inTurn(ctx, addrs)
		select {
		case ended <- o:
		case <-returned:
			o.close()
		}
	}
	go start(first)
	timer := time.NewTimer(r.plan.fallbackDelay())
	defer timer.Stop()
	var failed Attempts
	for running, left := 1, second; running > 0; {
		select {
		case <-timer.C:
		case o := <-ended:
			if o.conn != nil {
				return o
			}
			failed = append(failed, o.failed...)
			running--
		}
		if left != nil && !over(ctx) {
			go start(left)
			left = nil
			running++
		}
	}
	return outcome{failed: failed}
}

func (o outcome) close() {
	if o.conn != nil {
		o.conn.Close()
	}
}

// inTurn tries one address after the other.
func (r *race) inTurn(ctx context.Context, addrs []netip.Addr) outcome {
	var o outcome
	for i, ip := range addrs {
		conn, sent, err := r.attempt(ctx, ip, len(addrs)-i)
		if err == nil {
			return outcome{conn: conn, sent: sent}
		}
		o.failed = append(o.failed, err)
		if over(ctx) {
			break
		}
	}
	return o
}

// over reports whether a context has ended or is about to: package net's deadlines fire a little before its own.
func over(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

// attempt tries one address of those that are left.
func (r *race) attempt(ctx context.Context, ip netip.Addr, left int) (net.Conn, int, *Error) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 && r.plan.addressTimeout == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, share(time.Until(deadline), left))
		defer cancel()
	}
	network := r.plan.name(r.network)
	if ip.IsUnspecified() {
		network = versioned(network, ip) // package net would dial both
	}
	return r.plan.attempt(ctx, target{
		network: network, address: r.found.address(ip), version: versionOf(ip), asked: r.address, data: r.data,
	})
}

// share divides the time that is left between the addresses, but gives each 2 s if there are as many, at the expense of
// the last ones. It is the rule of package net.
func share(left time.Duration, addrs int) time.Duration {
	const least = 2 * time.Second
	return max(left/time.Duration(addrs), min(left, least))
}

// fallbackDelay is for a plan that has one.
func (p *plan) fallbackDelay() time.Duration {
	if p.net.FallbackDelay == 0 {
		return 300 * time.Millisecond
	}
	return p.net.FallbackDelay
}

// versioned returns the network that is the address's version of one: "ip6:58" of "ip:58".
func versioned(network string, ip netip.Addr) string {
	base, protocol, found := strings.Cut(network, ":")
	base, _ = split(base)
	base += strconv.Itoa(versionOf(ip))
	if found {
		return base + ":" + protocol
	}
	return base
}
