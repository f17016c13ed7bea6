package main

import "sync/atomic"

// A target is the upstream of a listener that has one for all its sessions.
type target struct{ now atomic.Pointer[backend] }

// backend returns what a session that begins now dials.
func (t *target) backend() *backend { return t.now.Load() }

// route makes sessions that begin from now on go to the upstream of the one
// route of n.
//
//nolint:unparam // a service for HTTP can fail
func (t *target) route(n *Listener, backends map[*Upstream]*backend) error {
	t.now.Store(backends[n.Routes[0].Upstream])
	return nil
}
