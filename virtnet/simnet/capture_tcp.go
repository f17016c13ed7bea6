package simnet

import (
	"fmt"
	"net/netip"
)

// dialogue is what a capture knows about a conn.
type dialogue struct {
	flow     uint64
	opener   string // the host that is seen first
	from, to netip.AddrPort
}

func (s *sniffer) dialogue(e *Event) *dialogue {
	d := s.dialogues[e.Flow]
	if d == nil {
		d = &dialogue{flow: e.Flow, opener: e.Source, from: plainAddr(e.From), to: plainAddr(e.To)}
		s.dialogues[e.Flow] = d
	}
	return d
}

// sender is the side that sends the packet of an event: 0 is the opener. Only in a
// conn of a host with itself the names do not tell.
func (d *dialogue) sender(e *Event) int {
	if e.Source != d.opener || e.Source == e.Destination && plainAddr(e.From) != d.from {
		return 1
	}
	return 0
}

// initial is a side's first sequence number: something that looks like one, and is
// the same in every run.
func (d *dialogue) initial(side int) uint32 {
	x := d.flow + uint64(side+1)*0x9e3779b97f4a7c15 //nolint:gosec // 0 or 1; it may wrap
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	return uint32(x >> 32)
}

var tcpFlags = [...]uint8{
	StepSYN: flagSYN, StepSYNACK: flagSYN | flagACK, StepACK: flagACK, StepData: flagACK, StepFIN: flagFIN | flagACK, StepRST: flagRST | flagACK,
}

// segment begins the packet of an event. A SYN has the sequence number before the
// first byte.
func (s *sniffer) segment(e *Event, d *dialogue) tcpSegment {
	side := d.sender(e)
	g := tcpSegment{from: plainAddr(e.From), to: plainAddr(e.To), id: uint16(e.Number), flags: tcpFlags[e.Step]} //nolint:gosec // it may wrap
	if s.host == "" {
		g.from, g.to = d.from, d.to
		if side == 1 {
			g.from, g.to = d.to, d.from
		}
	}
	g.seq = d.initial(side)
	if g.flags&flagSYN == 0 {
		g.seq += 1 + uint32(e.Seq) //nolint:gosec // sequence numbers wrap
	}
	if g.flags&flagACK != 0 {
		g.ack = d.initial(1-side) + 1 + uint32(e.Ack) //nolint:gosec // as above
	}
	return g
}

// seeTCP writes the packet of an event, as several ones if one cannot hold it.
func (s *sniffer) seeTCP(e *Event, conn *dialogue, d epbFlags) error {
	if int(e.Step) >= len(tcpFlags) {
		return fmt.Errorf("no segment is a %v", e.Step)
	}
	g := s.segment(e, conn)
	for rest, size := e.Data, e.Size; ; {
		g.size = min(size, maxSegment)
		g.data = rest[:min(len(rest), g.size)]
		size, rest = size-g.size, rest[len(g.data):]
		if size == 0 && g.size > 0 {
			g.flags |= flagPSH
		}
		if err := s.write(e.Time, g.packet(), d); err != nil || size == 0 {
			return err
		}
		g.seq += uint32(g.size) //nolint:gosec // at most maxSegment
	}
}
