package netstack

import (
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/strata-net/strata/tunx"
)

// outlets are the NICs as handlers need them. The stack's lock is no use here: it is held
// while a link's reader is waited for, which may be in a handler.
type outlets struct {
	mu  sync.Mutex // of writers
	all atomic.Pointer[map[NICID]*outlet]
}

// outlet is a NIC that handlers take packets from and write to.
type outlet struct {
	link        *link
	promiscuous bool
}

func (o *outlets) get(id NICID) *outlet {
	if all := o.all.Load(); all != nil {
		return (*all)[id]
	}
	return nil
}

// set makes l the link of a NIC, or removes that when it is nil.
func (o *outlets) set(id NICID, l *link, promiscuous bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make(map[NICID]*outlet)
	if old := o.all.Load(); old != nil {
		all = maps.Clone(*old)
	}
	if delete(all, id); l != nil {
		all[id] = &outlet{l, promiscuous}
	}
	o.all.Store(&all)
}

// outlet returns the NIC, or with id 0 the one that the route table has for packets from src
// to dst.
func (s *Stack) outlet(id NICID, src, dst netip.Addr) (*outlet, error) {
	if id == 0 {
		r, err := s.engine.FindRoute(0, engineAddr(src), engineAddr(dst), protocolOf(dst), false)
		if err != nil {
			return nil, wrap(err)
		}
		id = NICID(r.NICID())
		r.Release()
	}
	if o := s.handlers.outlets.get(id); o != nil {
		return o, nil
	}
	return nil, ErrUnknownNICID
}

// reply leaves the parts of a packet to the link's queue, as the engine does with its own
// answers: whoever answers may be the link's reader, which must not wait for the device.
func (o *outlet) reply(parts [][]byte) error {
	var b buffer.Buffer
	for _, part := range parts {
		_ = b.Append(buffer.NewViewWithData(part)) // a new buffer takes it
	}
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: b})
	defer pkt.DecRef()
	return wrap(o.link.reply(pkt))
}

// write writes the parts of a packet. Packets of a flow, which have the same hash, go to
// the same queue.
func (o *outlet) write(parts [][]byte, flat *[]byte, hash int, off tunx.Offload) error {
	p := &o.link.ports[hash%len(o.link.ports)]
	var n int
	var err error
	if p.offload != nil {
		n, err = p.offload.WriteOffload(parts, off)
	} else {
		*flat = (*flat)[:0]
		for _, part := range parts {
			*flat = append(*flat, part...)
		}
		n, err = p.dev.Write(*flat)
	}
	o.link.stats.sent(n, err)
	return err
}
