package main

import (
	"errors"
	"fmt"
	"sync"

	"github.com/strata-net/strata/sockopt"
)

// RoleClient is a conn of the demo to the gateway.
const RoleClient Role = "client"

// A gallery keeps what the kernel says about the options of the first socket of
// each role and name. It is safe for concurrent use.
type gallery struct {
	mu    sync.Mutex
	shown map[exhibit][]sockopt.Result
}

// An exhibit is what a socket is kept under.
type exhibit struct {
	role Role
	name string
}

// add is an observer.
func (g *gallery) add(s Socket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := exhibit{s.Role, s.Name}
	if _, ok := g.shown[e]; ok {
		return
	}
	if g.shown == nil {
		g.shown = map[exhibit][]sockopt.Result{}
	}
	g.shown[e] = []sockopt.Result{}
	for _, r := range s.Options.Report(s.Conn) {
		if concerns(s.Role, r.Option.Info().Stage) {
			g.shown[e] = append(g.shown[e], r)
		}
	}
}

// concerns says whether an option of a stage means a socket of a role.
func concerns(role Role, stage sockopt.Stage) bool {
	if role == RoleListener {
		return stage != sockopt.Established
	}
	return stage != sockopt.Listening
}

// results returns what was seen of a socket.
func (g *gallery) results(role Role, name string) []sockopt.Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shown[exhibit{role, name}]
}

// failures joins the options that did not take effect. Preferred ones may be
// missing on this platform.
func (g *gallery) failures() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	var errs []error
	for e, results := range g.shown {
		for _, r := range results {
			if r.Err != nil && !missing(r) {
				errs = append(errs, fmt.Errorf("demo: %s socket of %s: %w", e.role, e.name, r.Err))
			}
		}
	}
	return errors.Join(errs...)
}

// missing says whether a preferred option is not there, which is allowed.
func missing(r sockopt.Result) bool {
	return r.Option.Preferred() && errors.Is(r.Err, errors.ErrUnsupported)
}
