package listener

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/strata-net/strata/sockopt/access"
)

// tracks reports whether the listener has to know when its conns end.
func (c *Config) tracks() bool {
	return c.Track || c.MaxConns > 0 || c.MaxConnsPerSource > 0 || c.ProxyProtocol != nil || c.guards()
}

// guards reports whether conns have bounds after they were accepted.
func (c *Config) guards() bool { return c.IdleTimeout > 0 || c.MaxAge > 0 || c.MinReceiveRate > 0 }

// onlyUnix reports whether no peer can have an IP address.
func onlyUnix(places []place) bool {
	other := func(p place) bool { return p.network != "unix" && p.network != "unixpacket" }
	return len(places) > 0 && !slices.ContainsFunc(places, other)
}

var errOnlyUnix = errors.New("does not concern the peers of unix sockets: set mode and owner of the file")

// checkRules brings the prefixes into their plain form.
func (c *Config) checkRules(p *problems, places []place) {
	plain(p, "Allow", c.Allow)
	plain(p, "Deny", c.Deny)
	c.ProxyProtocol.check(p, onlyUnix(places))
	if !onlyUnix(places) {
		return
	}
	if len(c.Allow) > 0 {
		p.add("Allow", fmt.Sprint(c.Allow[0]), errOnlyUnix)
	}
	if len(c.Deny) > 0 && c.ProxyProtocol == nil {
		p.add("Deny", fmt.Sprint(c.Deny[0]), errOnlyUnix)
	}
}

func plain(p *problems, field string, list []netip.Prefix) {
	for i, prefix := range list {
		var err error
		list[i], err = access.Plain(prefix)
		p.add(fmt.Sprintf("%s[%d]", field, i), prefix.String(), err)
	}
}

func (c *Config) checkLimits(p *problems, places []place) {
	p.natural("MaxConnsPerSource", c.MaxConnsPerSource)
	p.natural("MaxConns", c.MaxConns)
	p.natural("AcceptBurst", c.AcceptBurst)
	p.natural("MinReceiveRate", c.MinReceiveRate)
	p.duration("IdleTimeout", c.IdleTimeout)
	p.duration("MaxAge", c.MaxAge)
	p.duration("MinReceiveGrace", c.MinReceiveGrace)
	if c.MinReceiveGrace > 0 && c.MinReceiveRate == 0 {
		p.add("MinReceiveGrace", c.MinReceiveGrace.String(), errors.New("needs MinReceiveRate"))
	}
	p.bits("SourceBits4", c.SourceBits4, 32)
	p.bits("SourceBits6", c.SourceBits6, 128)
	if c.MaxConnsPerSource > 0 && c.ProxyProtocol == nil && onlyUnix(places) {
		p.add("MaxConnsPerSource", strconv.Itoa(c.MaxConnsPerSource), errOnlyUnix)
	}
	if !(c.AcceptRate >= 0) || math.IsInf(c.AcceptRate, 0) { // NaN is not >= 0
		p.add("AcceptRate", strconv.FormatFloat(c.AcceptRate, 'g', -1, 64), errors.New("is not a number of conns a second"))
	}
	if c.AcceptBurst > 0 && c.AcceptRate == 0 {
		p.add("AcceptBurst", strconv.Itoa(c.AcceptBurst), errors.New("needs AcceptRate"))
	}
	if c.OverLimit != Wait && c.OverLimit != Refuse {
		p.add("OverLimit", c.OverLimit.String(), fmt.Errorf("%d is not a policy", c.OverLimit))
	}
}

func (p *problems) natural(field string, n int) {
	if n < 0 {
		p.add(field, strconv.Itoa(n), errNegative)
	}
}

func (p *problems) duration(field string, d time.Duration) {
	if d < 0 {
		p.add(field, d.String(), errNegative)
	}
}

func (p *problems) bits(field string, n, most int) {
	if n < 0 || n > most {
		p.add(field, strconv.Itoa(n), fmt.Errorf("is not from 1 to %d", most))
	}
}
