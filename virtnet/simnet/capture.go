package simnet

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"net/netip"
	"time"
)

// Capture writes events as a file that Wireshark and tshark read: pcapng with
// times in nanoseconds, raw IPv4 and IPv6 packets, and headers of TCP, UDP and ICMP
// made up to fit the events, with correct checksums, sequence and acknowledgement
// numbers. Packets of which Config.CaptureBytes kept less than there was have their
// true length, as in a capture with a snapshot length. The zero Capture is ready to
// use.
type Capture struct {
	// Host sees what it sends when it leaves and what it receives when it arrives,
	// with the addresses that it knows. Empty: everything at the time when it is
	// sent, also what gets lost, with the addresses of whoever opened the conn.
	Host string

	// Start is what time it was when the network was made, from 1970 to 2262. Zero:
	// the beginning of 2000, as in a bubble of testing/synctest.
	Start time.Time
}

// WritePcapng writes the packets of the events, which have to be in order.
func (c Capture) WritePcapng(w io.Writer, events iter.Seq[Event]) error {
	if c.Start.IsZero() {
		c.Start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if c.Start.Before(time.Unix(0, 0)) || c.Start.After(time.Unix(0, math.MaxInt64)) {
		return &Error{Op: "write pcapng", Field: "Start", Value: c.Start.String(), Err: errors.New("must be from 1970 to 2262")}
	}
	s := sniffer{out: newPcapng(w, c.Start), host: c.Host, dialogues: map[uint64]*dialogue{}}
	if err := s.out.header(c.Host); err != nil {
		return &Error{Op: "write pcapng", Err: err}
	}
	var moment []Event
	for e := range events {
		if len(moment) > 0 && moment[0].Time != e.Time {
			if err := s.seeAll(moment); err != nil {
				return err
			}
			moment = moment[:0]
		}
		moment = append(moment, e)
	}
	if err := s.seeAll(moment); err != nil {
		return err
	}
	if err := s.out.w.Flush(); err != nil {
		return &Error{Op: "write pcapng", Err: err}
	}
	return nil
}

// sniffer turns events into packets.
type sniffer struct {
	out       *pcapng
	host      string
	dialogues map[uint64]*dialogue // by flow
	buffer    []byte
}

// seeAll takes the events of one time. What arrives comes first: a host answers at
// once, and the names of hosts, by which events of a time are in order, say nothing
// about what caused what.
func (s *sniffer) seeAll(moment []Event) error {
	for _, arrives := range []bool{true, false} {
		for i := range moment {
			e := &moment[i]
			if (e.Kind == KindDeliver) != arrives {
				continue
			}
			if err := s.see(e); err != nil {
				return &Error{Op: "write pcapng", Value: e.String(), Err: err}
			}
		}
	}
	return nil
}

func (s *sniffer) see(e *Event) error {
	if e.Size < len(e.Data) {
		return fmt.Errorf("there are %d bytes of it", len(e.Data))
	}
	d, seen := s.passes(e)
	switch {
	case e.Protocol == TCP:
		conn := s.dialogue(e) // who opened it is to be known, also if that is not seen here
		if seen {
			return s.seeTCP(e, conn, d)
		}
	case e.Protocol == UDP && seen:
		return s.seeUDP(e, d)
	}
	return nil
}

func (s *sniffer) seeUDP(e *Event, d epbFlags) error {
	from, to := plainAddr(e.From), plainAddr(e.To)
	if e.Step == StepRST {
		return s.write(e.Time, icmpUnreachable(from, to, uint16(e.Number)), d) //nolint:gosec // it may wrap
	}
	return s.write(e.Time, udpPacket(from, to, uint16(e.Number), e.Data, e.Size), d) //nolint:gosec // as above
}

// passes tells whether the event is a packet at the place of the capture. One from a
// host to itself is seen once, when it is sent.
func (s *sniffer) passes(e *Event) (epbFlags, bool) {
	switch {
	case s.host == "":
		return epbUnknown, e.sends()
	case e.sends():
		return epbOut, e.Source == s.host
	}
	return epbIn, e.Kind == KindDeliver && e.Destination == s.host && e.Source != s.host
}

func (s *sniffer) write(at time.Duration, p ipPacket, d epbFlags) error {
	if !p.from.IsValid() || p.from.Is4() != p.to.Is4() {
		return fmt.Errorf("no packet has the addresses %v and %v", p.from, p.to)
	}
	if !p.fits() {
		return fmt.Errorf("no packet has %d bytes", p.size)
	}
	s.buffer = p.append(s.buffer[:0])
	return s.out.packet(at, s.buffer, p.length(), d)
}

// plainAddr is an address as a header has it: without a zone, IPv4 as such.
func plainAddr(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}
