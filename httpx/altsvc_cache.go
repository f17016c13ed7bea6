package httpx

import (
	"container/list"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// altServices is how many alternatives of an origin are remembered.
	altServices = 4
	// altRecent is for how long an answer by HTTP/3 is proof enough to send there
	// what cannot be sent twice.
	altRecent = 10 * time.Second
)

// altCache knows the alternatives of origins. It is safe for concurrent use.
type altCache struct {
	config AltSvcConfig

	mu      sync.Mutex
	origins map[string]*list.Element // of *altOrigin
	order   list.List                // most recently used first
}

func newAltCache(c AltSvcConfig) *altCache {
	return &altCache{config: c, origins: make(map[string]*list.Element)}
}

func (c *altCache) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.origins)
}

type altOrigin struct {
	name     string // host:port
	services []*altService
}

// altService is one alternative, and what is known of it.
type altService struct {
	address string // host:port, in lower case
	expires time.Time
	persist bool

	proven   time.Time     // last answer; zero: none since the last failure
	usual    time.Duration // time to an answer, smoothed
	broken   time.Time     // not to be used before
	failures int           // in a row
	probing  bool          // a request is on its way to an alternative that is not proven
}

// learn replaces what is known of an origin by what it announces.
func (c *altCache) learn(origin *url.URL, resp *http.Response) {
	values := resp.Header.Values("Alt-Svc")
	if len(values) == 0 || resp.TLS == nil || resp.StatusCode == http.StatusMisdirectedRequest {
		return
	}
	announced, err := parseAltSvc(values)
	if err != nil {
		return
	}
	name := originName(origin)
	age, _ := deltaSeconds(resp.Header.Get("Age"))
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	var services []*altService
	known := c.find(name)
	for _, a := range announced {
		address, ok := c.usable(a, name, origin.Hostname())
		life := min(a.maxAge, c.config.MaxAge) - age
		if !ok || life <= 0 || len(services) == altServices || serviceAt(services, address) != nil {
			continue
		}
		s := &altService{address: address}
		if old := serviceAt(known, address); old != nil {
			s = old
		}
		s.expires, s.persist = now.Add(life), a.persist
		services = append(services, s)
	}
	c.put(name, services)
}

// usable returns the address of an alternative that HTTP3 can be sent to.
func (c *altCache) usable(a alternative, origin, host string) (string, bool) {
	if a.protocol != "h3" { // drafts have ids of their own
		return "", false
	}
	if a.host != "" {
		host = a.host
	}
	address := net.JoinHostPort(strings.ToLower(host), strconv.Itoa(int(a.port)))
	return address, c.config.DialsAlternative || address == origin
}

func serviceAt(services []*altService, address string) *altService {
	for _, s := range services {
		if s.address == address {
			return s
		}
	}
	return nil
}

// originName is host:port in lower case.
func originName(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// find returns the services of an origin, which is then the last one to be forgotten.
func (c *altCache) find(name string) []*altService {
	e, ok := c.origins[name]
	if !ok {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*altOrigin).services
}

// put remembers services, or forgets an origin that has none.
func (c *altCache) put(name string, services []*altService) {
	e, ok := c.origins[name]
	switch {
	case ok && len(services) == 0:
		c.order.Remove(e)
		delete(c.origins, name)
	case ok:
		e.Value.(*altOrigin).services = services
	case len(services) > 0:
		c.origins[name] = c.order.PushFront(&altOrigin{name, services})
	}
	if len(c.origins) > c.config.MaxOrigins {
		last := c.order.Back()
		delete(c.origins, c.order.Remove(last).(*altOrigin).name)
	}
}

// pick returns the alternative for a request, nil if there is none, and how long
// its answer is waited for before the request goes the other way as well. One
// request at a time finds out whether an alternative works.
func (c *altCache) pick(origin *url.URL, repeatable bool) (*altService, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, name := time.Now(), originName(origin)
	services := c.find(name)
	for i, s := range services {
		switch {
		case now.After(s.expires):
			c.put(name, append(services[:i:i], services[i+1:]...))
			return nil, 0 // the others have their turn with the next request
		case now.Before(s.broken):
			continue
		case !repeatable:
			if now.Sub(s.proven) <= altRecent {
				return s, 0
			}
		case !s.proven.IsZero():
			return s, min(c.config.HeadStart+2*s.usual, 10*c.config.HeadStart)
		case !s.probing:
			s.probing = true
			return s, c.config.HeadStart
		}
	}
	return nil, 0
}

// worked tells of an answer, however late it comes.
func (c *altCache) worked(s *altService, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.proven.IsZero() {
		s.usual = took
	}
	s.usual += (took - s.usual) / 4
	s.proven, s.broken, s.failures, s.probing = time.Now(), time.Time{}, 0, false
}

// failed tells of a failure. Those of requests that were sent together count once.
func (c *altCache) failed(s *altService) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.probing = false
	now := time.Now()
	if now.Before(s.broken) {
		return
	}
	pause := c.config.Broken
	for range s.failures {
		if pause >= c.config.MaxBroken-pause {
			pause = c.config.MaxBroken
			break
		}
		pause *= 2
	}
	s.failures++
	s.proven, s.broken = time.Time{}, now.Add(pause)
}

// unknown tells that nothing was found out.
func (c *altCache) unknown(s *altService) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.probing = false
}

// networkChanged forgets what may not hold on another network.
func (c *altCache) networkChanged() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, e := range c.origins {
		var left []*altService
		for _, s := range e.Value.(*altOrigin).services {
			if s.persist {
				left = append(left, &altService{address: s.address, expires: s.expires, persist: true})
			}
		}
		c.put(name, left)
	}
}
