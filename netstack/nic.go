package netstack

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/strata-net/strata/tunx"
)

// nic is a NIC of a stack.
type nic struct {
	link  *link
	addrs []netip.Prefix
}

// NICOption configures CreateNIC.
type NICOption func(*nicConfig)

type nicConfig struct {
	name                  string
	promiscuous, spoofing bool
}

// Name names the NIC. Two NICs do not have the same name.
func Name(name string) NICOption { return func(c *nicConfig) { c.name = name } }

// Promiscuous makes the NIC take packets to any address as its own.
func Promiscuous() NICOption { return func(c *nicConfig) { c.promiscuous = true } }

// Spoofing lets endpoints of the NIC send from any address.
func Spoofing() NICOption { return func(c *nicConfig) { c.spoofing = true } }

// String returns the number.
func (id NICID) String() string { return strconv.Itoa(int(id)) }

// CreateNIC attaches dev as NIC id, which is not 0, and begins to read from it. The stack
// closes it, unless CreateNIC fails. The device's offloads and queues are used: see
// [tunx.OffloadDevice] and [tunx.MultiQueue].
func (s *Stack) CreateNIC(id NICID, dev tunx.IPDevice, opts ...NICOption) error {
	bad := func(err error) error { return &Error{Op: "create nic", Field: "NIC", Value: id.String(), Err: err} }
	if id <= 0 {
		return bad(ErrUnknownNICID)
	}
	var c nicConfig
	for _, o := range opts {
		o(&c)
	}
	l, err := newLink(s, id, dev)
	if err != nil {
		return bad(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return bad(ErrStackClosed)
	}
	if err := s.engine.CreateNICWithOptions(tcpip.NICID(id), l, stack.NICOptions{Name: c.name}); err != nil {
		return bad(wrap(err))
	}
	s.nics[id] = &nic{link: l}
	if err := s.setUp(id, l, c); err != nil {
		delete(s.nics, id)
		s.handlers.outlets.set(id, nil, false)
		s.engine.RemoveNIC(tcpip.NICID(id))
		return bad(err)
	}
	return nil
}

// setUp makes the engine's NIC what its options say, and starts the link.
func (s *Stack) setUp(id NICID, l *link, c nicConfig) error {
	err := errors.Join(
		wrap(s.engine.SetPromiscuousMode(tcpip.NICID(id), c.promiscuous)),
		wrap(s.engine.SetSpoofing(tcpip.NICID(id), c.spoofing)),
	)
	if l.loop {
		for _, p := range loopbackPrefixes {
			err = errors.Join(err, s.addAddress(id, p))
		}
	}
	if err != nil {
		return err
	}
	s.handlers.outlets.set(id, l, c.promiscuous)
	return l.start()
}

var loopbackPrefixes = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8"), netip.MustParsePrefix("::1/128")}

// RemoveNIC closes the NIC's device and removes the NIC with its addresses and the rows of
// the route table that use it. It returns when nothing of it runs any more, and the
// device's error. It must not be called in a handler of the stack, which it waits for.
func (s *Stack) RemoveNIC(id NICID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.nics[id]
	if !ok {
		return &Error{Op: "remove nic", Field: "NIC", Value: id.String(), Err: ErrUnknownNICID}
	}
	// The engine may only be touched when no packets arrive: its locks do not bear it.
	err := n.link.close()
	n.link.wait()
	delete(s.nics, id)
	s.handlers.outlets.set(id, nil, false)
	s.routes = slices.DeleteFunc(s.routes, func(r Route) bool { return r.NIC == id })
	s.setEngineRoutes()
	if e := s.engine.RemoveNIC(tcpip.NICID(id)); e != nil {
		err = wrap(e)
	}
	if err != nil {
		return &Error{Op: "remove nic", Field: "NIC", Value: id.String(), Err: err}
	}
	return nil
}
