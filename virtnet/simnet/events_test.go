package simnet_test

import (
	"net/netip"
	"slices"
	"time"

	"github.com/strata-net/strata/virtnet/simnet"
)

const request = "GET / HTTP/1.1\r\nHost: b.test\r\n\r\n"
const response = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

// story makes events of packets between two hosts.
type story struct {
	events  []simnet.Event
	now     time.Duration
	a, b    netip.AddrPort
	flow    uint64
	numbers [2]uint64
	acks    [2]uint64 // how much a and b have got
	sent    [2]uint64 // and sent
	quiet   bool      // nobody acknowledges
}

func newStory(a, b string) *story {
	return &story{a: netip.MustParseAddrPort(a), b: netip.MustParseAddrPort(b), flow: 0x1f2e}
}

// send lets a packet leave: from a if reply is false, else from b.
func (s *story) send(reply bool, kind simnet.Kind, step simnet.Step, seq uint64, data string) simnet.Event {
	s.now += time.Millisecond
	length := uint64(len(data))
	if step == simnet.StepFIN {
		length = 1
	}
	e := simnet.Event{
		Time: s.now, Kind: kind, Step: step, Protocol: simnet.TCP, Flow: s.flow, Seq: seq, Size: len(data),
		Source: "a", Destination: "b", From: s.a, To: s.b, Number: s.numbers[0],
	}
	if reply {
		e.Source, e.Destination, e.From, e.To, e.Number, e.Ack = "b", "a", s.b, s.a, s.numbers[1], s.acks[1]
		s.numbers[1]++
		s.sent[1] = max(s.sent[1], seq+length)
	} else {
		e.Ack = s.acks[0]
		s.numbers[0]++
		s.sent[0] = max(s.sent[0], seq+length)
	}
	if data != "" {
		e.Data = []byte(data)
	}
	s.events = append(s.events, e)
	return e
}

// end delivers a packet, which is acknowledged then, or drops it for a reason.
func (s *story) end(e simnet.Event, reason simnet.Reason) {
	s.now += time.Millisecond
	e.Time, e.Kind, e.Reason = s.now, simnet.KindDeliver, reason
	if reason != 0 {
		e.Kind = simnet.KindDrop
	}
	s.events = append(s.events, e)
	if s.quiet || reason != 0 || e.Step != simnet.StepSYNACK && e.Step != simnet.StepData && e.Step != simnet.StepFIN {
		return
	}
	receiver := 1
	if e.From == s.b {
		receiver = 0
	}
	switch e.Step {
	case simnet.StepData:
		s.acks[receiver] = e.Seq + uint64(e.Size)
	case simnet.StepFIN:
		s.acks[receiver] = e.Seq + 1
	}
	s.pass(receiver == 1, simnet.KindSend, simnet.StepACK, s.sent[receiver], "")
}

// pass is send, with the delivery.
func (s *story) pass(reply bool, kind simnet.Kind, step simnet.Step, seq uint64, data string) {
	s.end(s.send(reply, kind, step, seq, data), 0)
}

// exchange is a request of HTTP whose first half gets lost once, and the response.
func exchange(a, b string) *story {
	s := newStory(a, b)
	s.pass(false, simnet.KindDial, simnet.StepSYN, 0, "")
	s.pass(true, simnet.KindAccept, simnet.StepSYNACK, 0, "")
	s.end(s.send(false, simnet.KindSend, simnet.StepData, 0, request[:10]), simnet.ReasonLoss)
	s.now += 200 * time.Millisecond
	again := s.send(false, simnet.KindRetransmit, simnet.StepData, 0, request[:10])
	again.Attempt = 1
	s.events[len(s.events)-1] = again
	s.end(again, 0)
	s.pass(false, simnet.KindSend, simnet.StepData, 10, request[10:])
	s.pass(true, simnet.KindSend, simnet.StepData, 0, response)
	s.pass(false, simnet.KindClose, simnet.StepFIN, uint64(len(request)), "")
	s.pass(true, simnet.KindClose, simnet.StepFIN, uint64(len(response)), "")
	return s
}

// datagram is a datagram and its answer, or that nobody listens.
func datagram(a, b, question, answer string) *story {
	s := newStory(a, b)
	s.flow = 0xd9
	kind, step := simnet.KindSend, simnet.StepDatagram
	s.pass(false, kind, step, 0, question)
	if answer == "" {
		kind, step = simnet.KindRefuse, simnet.StepRST
	}
	s.pass(true, kind, step, 0, answer)
	for i := range s.events {
		s.events[i].Protocol = simnet.UDP
	}
	return s
}

// cut leaves of the payload what a network with CaptureBytes keeps.
func cut(events []simnet.Event, bytes int) []simnet.Event {
	events = slices.Clone(events)
	for i := range events {
		events[i].Data = events[i].Data[:min(len(events[i].Data), bytes)]
	}
	return events
}
