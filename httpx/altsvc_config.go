package httpx

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"
)

// What is used where a field of AltSvcConfig is zero.
const (
	DefaultAltSvcHeadStart = 300 * time.Millisecond
	DefaultAltSvcBroken    = time.Minute
	DefaultAltSvcMaxBroken = time.Hour
	DefaultAltSvcMemory    = 7 * 24 * time.Hour
	DefaultAltSvcOrigins   = 1000
)

// AltSvcConfig says what an [AltSvc] sends by HTTP/3 and when.
type AltSvcConfig struct {
	// HTTP3 sends requests by HTTP/3, for instance an *http3.Transport. It has to verify the
	// certificate for the host of the URL, as it does for any request. Needed.
	HTTP3 http.RoundTripper
	// DialsAlternative says that the dials of HTTP3 go to [AltSvcAddress] of their
	// context, when it has one, rather than to the address of the URL. Without it only alternatives
	// on the origin's own host and port are used.
	DialsAlternative bool
	// HeadStart is how long an answer by HTTP/3 is waited for before the
	// request is also sent the other way. While HTTP/3 works, twice the time
	// that answers by it usually take is added, to ten times HeadStart at most,
	// so that what is slow by nature is not sent twice. 0 means DefaultAltSvcHeadStart.
	HeadStart time.Duration
	// Broken is for how long an alternative is left alone that has failed or was
	// too slow; it doubles each time in a row up to MaxBroken. 0 means
	// DefaultAltSvcBroken and DefaultAltSvcMaxBroken. A MaxBroken that is given
	// must not be less than Broken.
	Broken, MaxBroken time.Duration
	// MaxAge is the longest time for which an announcement is remembered,
	// whatever it says itself (its ma). 0 means DefaultAltSvcMemory.
	MaxAge time.Duration
	// MaxOrigins is how many origins are remembered; the one that was not used
	// for the longest time is forgotten. 0 means DefaultAltSvcOrigins. At most 1e6.
	MaxOrigins int
	// OnEvent, when set, is called with AltSvcFailed when an alternative failed or
	// was slower than the round tripper underneath; see [Event].
	OnEvent func(Event)
}

func (c *AltSvcConfig) clone() AltSvcConfig {
	if c == nil {
		c = &AltSvcConfig{}
	}
	n := *c
	n.HeadStart = cmp.Or(n.HeadStart, DefaultAltSvcHeadStart)
	n.Broken = cmp.Or(n.Broken, DefaultAltSvcBroken)
	n.MaxBroken = cmp.Or(n.MaxBroken, max(DefaultAltSvcMaxBroken, n.Broken))
	n.MaxAge = cmp.Or(n.MaxAge, DefaultAltSvcMemory)
	n.MaxOrigins = cmp.Or(n.MaxOrigins, DefaultAltSvcOrigins)
	return n
}

// Check says what [NewAltSvc] would say of the config, without making anything.
func (c *AltSvcConfig) Check() error {
	n := c.clone()
	return joined(n.check)
}

func (c *AltSvcConfig) check(p *problems) {
	if c.HTTP3 == nil {
		p.add("HTTP3", "nil", errors.New("there is nothing to send HTTP/3 with"))
	}
	checkRange(p, "HeadStart", c.HeadStart, 0, time.Hour)
	checkNotNegative(p, "Broken", c.Broken)
	checkRange(p, "MaxBroken", c.MaxBroken, c.Broken, maxDuration)
	checkNotNegative(p, "MaxAge", c.MaxAge)
	checkRange(p, "MaxOrigins", c.MaxOrigins, 0, 1_000_000)
}

type altSvcKey struct{}

// AltSvcAddress returns the host:port that a dial for HTTP/3 has to go to, given the context
// that the dial has from the request of an [AltSvc]. Without one, the address of
// the URL is right. The name that is verified is that of the URL either way.
func AltSvcAddress(ctx context.Context) (address string, ok bool) {
	address, ok = ctx.Value(altSvcKey{}).(string)
	return address, ok
}
