package httpx

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// What is used where a field of EjectorConfig is zero.
const (
	DefaultEjectConsecutive = 5
	DefaultEjectRatio       = 0.5
	DefaultEjectMinimum     = 20
	DefaultEjectWindow      = 10 * time.Second
	DefaultEjectFor         = 5 * time.Second
	DefaultEjectMaxFor      = 5 * time.Minute
	DefaultEjectUpstreams   = 1024
)

// EjectorConfig says when an [Ejector] leaves an upstream alone. The zero value does
// so after 5 failures in a row, or when half of at least 20 requests in 10 s failed.
type EjectorConfig struct {
	// Targets are upstreams of equal value: a request goes to the next one in turn
	// that is not ejected, by its scheme and host instead of those of the URL, and with the same
	// Host field. They have a scheme (http or https), a host, and nothing else. Empty: a
	// request goes where its URL says.
	Targets []*url.URL
	// Key names the upstream of a request. nil means scheme://host of the URL. Not together with Targets.
	Key func(*http.Request) string
	// Failed reports whether an answer counts as a failure: either the
	// response or the error is nil. It must not read the body. nil: an error, or
	// 502, 503 or 504. Never asked about requests
	// that the caller has cancelled; a deadline that has passed is a failure.
	Failed func(*http.Response, error) bool
	// Consecutive failures eject. 0 means DefaultEjectConsecutive, negative never.
	Consecutive int
	// Ratio of failures in a window that ejects, if it had at least Minimum
	// requests. 0 means DefaultEjectRatio and DefaultEjectMinimum. At most 1;
	// a negative Ratio never ejects.
	Ratio   float64
	Minimum int
	// Window is the length of such a window. 0 means DefaultEjectWindow.
	Window time.Duration
	// For is how long an upstream is ejected. After that one request probes it; until it is
	// answered, the others find it ejected. If it fails, the time doubles, up to
	// MaxFor. 0 means DefaultEjectFor and DefaultEjectMaxFor.
	For, MaxFor time.Duration
	// MaxShare of the known upstreams is ejected at the same time; the only one
	// that is known may be. 0 means 1, all of them. At most 1.
	MaxShare float64
	// MaxUpstreams is how many upstreams are known; the one that was not used
	// for the longest time is forgotten. 0 means DefaultEjectUpstreams, or all
	// Targets if there are more. At least all Targets, at most 1e6.
	MaxUpstreams int
	// OnEvent, when set, is called with Ejected when an upstream is ejected, or
	// ejected again by its probe, and with Restored when a probe was answered; see
	// [Event]. Events of one upstream can overtake each other when its requests
	// end at the same time.
	OnEvent func(Event)
}

func (c *EjectorConfig) clone() EjectorConfig {
	if c == nil {
		c = &EjectorConfig{}
	}
	n := *c
	n.Targets = slices.Clone(c.Targets)
	for i, u := range n.Targets {
		if u != nil {
			n.Targets[i] = &url.URL{Scheme: u.Scheme, Host: u.Host}
		}
	}
	n.Consecutive = cmp.Or(n.Consecutive, DefaultEjectConsecutive)
	n.Ratio = cmp.Or(n.Ratio, DefaultEjectRatio)
	n.Minimum = cmp.Or(n.Minimum, DefaultEjectMinimum)
	n.Window = cmp.Or(n.Window, DefaultEjectWindow)
	n.For = cmp.Or(n.For, DefaultEjectFor)
	n.MaxFor = cmp.Or(n.MaxFor, max(DefaultEjectMaxFor, n.For))
	n.MaxShare = cmp.Or(n.MaxShare, 1)
	n.MaxUpstreams = cmp.Or(n.MaxUpstreams, max(DefaultEjectUpstreams, len(n.Targets)))
	if n.Key == nil {
		n.Key = func(req *http.Request) string { return req.URL.Scheme + "://" + req.URL.Host }
	}
	if n.Failed == nil {
		n.Failed = gatewayFailed
	}
	return n
}

// Check says what [NewEjector] would say of the config, without making anything.
func (c *EjectorConfig) Check() error {
	n := c.clone()
	return joined(n.checkOf(c))
}

// checkOf is the check of a config with defaults, and of what clone has replaced.
func (c *EjectorConfig) checkOf(given *EjectorConfig) func(*problems) {
	return func(p *problems) { c.check(p, given) }
}

func (c *EjectorConfig) check(p *problems, given *EjectorConfig) {
	if given != nil {
		given.checkTargets(p)
	}
	checkRange(p, "Ratio", c.Ratio, math.Inf(-1), 1)
	checkRange(p, "Minimum", c.Minimum, 1, 1_000_000_000)
	checkNotNegative(p, "Window", c.Window)
	checkNotNegative(p, "For", c.For)
	checkRange(p, "MaxFor", c.MaxFor, c.For, maxDuration)
	checkRange(p, "MaxShare", c.MaxShare, 0, 1)
	checkRange(p, "MaxUpstreams", c.MaxUpstreams, max(1, len(c.Targets)), 1_000_000)
}

func (c *EjectorConfig) checkTargets(p *problems) {
	if c.Key != nil && len(c.Targets) > 0 {
		p.add("Key", "", errors.New("not together with Targets"))
	}
	for i, u := range c.Targets {
		field := "Targets[" + strconv.Itoa(i) + "]"
		switch {
		case u == nil:
			p.add(field, "nil", errors.New("is missing"))
		case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
			p.add(field, u.Redacted(), errors.New("needs http:// or https:// and a host"))
		case *u != url.URL{Scheme: u.Scheme, Host: u.Host}:
			p.add(field, u.Redacted(), errors.New("must have a scheme and a host only"))
		case slices.ContainsFunc(c.Targets[:i], func(o *url.URL) bool { return o != nil && *o == *u }):
			p.add(field, u.Redacted(), errors.New("is there twice"))
		}
	}
}

// gatewayFailed is what counts as a failure of an upstream by default.
func gatewayFailed(resp *http.Response, err error) bool {
	if err != nil {
		return !errors.Is(err, context.Canceled) // by a round tripper above
	}
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
