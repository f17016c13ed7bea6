package tunx

import (
	"errors"
	"net"
	"net/netip"
	"sync"
)

// receiver hands answers to a PacketResponseReceiver in the shape that it likes best.
type receiver struct {
	to    PacketResponseReceiver
	plain AddrPortReceiver    // nil if it takes a net.Addr only
	told  UnreachableReceiver // nil if it does not want to know

	only netip.AddrPort // who all answers are from, whatever address the socket has got; zero: who sent them

	last net.Addr // of lastFrom: answers that follow each other mostly come from one source
	from netip.AddrPort

	shared  *receiver // has the list for WriteTo, nil for this one
	mu      sync.Mutex
	refused []netip.AddrPort // what WriteTo has to tell
}

// maxRefused bounds what WriteTo has to tell.
const maxRefused = 16

// use sets who gets the answers.
func (r *receiver) use(to PacketResponseReceiver) {
	r.to = to
	r.plain, _ = to.(AddrPortReceiver)
	r.told, _ = to.(UnreachableReceiver)
}

// deliver hands over an answer. The error says that no more are wanted.
func (r *receiver) deliver(p []byte, from netip.AddrPort) error {
	if r.only.IsValid() {
		from = r.only
	}
	var err error
	if r.plain != nil {
		_, err = r.plain.WriteFromAddrPort(p, from)
	} else {
		if r.last == nil || r.from != from {
			r.last, r.from = net.UDPAddrFromAddrPort(from), from
		}
		_, err = r.to.WriteFrom(p, r.last)
	}
	return closed(err)
}

// deliverFrom is deliver with a net.Addr.
func (r *receiver) deliverFrom(p []byte, from net.Addr) error {
	_, err := r.to.WriteFrom(p, from)
	return closed(err)
}

// closed returns the error if it is the last one.
func closed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// refuse tells that nobody listens at a destination, or keeps it for WriteTo.
func (r *receiver) refuse(destination netip.AddrPort) {
	if r.only.IsValid() {
		destination = r.only
	}
	if r.told != nil {
		r.told.Unreachable(destination)
		return
	}
	if r.shared != nil {
		r = r.shared
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.refused) < maxRefused {
		r.refused = append(r.refused, destination)
	}
}

// takeRefused reports whether there is something to tell about a destination, and forgets
// it.
func (r *receiver) takeRefused(destination netip.AddrPort) bool {
	if r.told != nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	found := false
	kept := r.refused[:0]
	for _, a := range r.refused {
		if a == destination {
			found = true
		} else {
			kept = append(kept, a)
		}
	}
	r.refused = kept
	return found
}
