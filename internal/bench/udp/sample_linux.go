package main

import (
	"slices"

	"github.com/strata-net/strata/internal/bench"
)

// A sample holds what each round gave.
type sample struct {
	rates                      []float64
	buffer, backlog, elsewhere []float64 // parts of what was sent that were lost
	sendCPU, receiveCPU        []float64 // nanoseconds a datagram
	sendAllocs, recvAllocs     []float64 // objects a datagram
	cut                        int64
}

// trains says how many datagrams one packet can be: where the receiving socket drops it, and before.
type trains struct{ socket, backlog int64 }

func train(b bout, send, receive string, batch int) trains {
	t := trains{1, 1}
	if !b.path.whole || !wayOf(send).coalesces {
		return t
	}
	most := int64(min(batch, b.side.segments, 65507/b.size)) // what fits an IPv4 packet
	t.backlog = most
	if wayOf(receive).coalesces {
		t.socket = most // without UDP_GRO the kernel takes it apart before the socket
	}
	return t
}

func (s *sample) add(rate float64, o outcome, t trains) {
	s.rates = append(s.rates, rate)
	sent, received := max(o.sent.Datagrams, 1), max(o.received.Datagrams, 1)
	lost := max(o.sent.Datagrams-o.received.Datagrams, 0)
	buffer := min(lost, o.socketDrops*t.socket)
	s.buffer = append(s.buffer, float64(buffer)/float64(sent))
	backlog := min(lost-buffer, o.backlogDrops*t.backlog)
	s.backlog = append(s.backlog, float64(backlog)/float64(sent))
	s.elsewhere = append(s.elsewhere, float64(lost-buffer-backlog)/float64(sent))
	s.sendCPU = append(s.sendCPU, float64(o.sent.CPU)/float64(sent))
	s.receiveCPU = append(s.receiveCPU, float64(o.received.CPU)/float64(received))
	s.sendAllocs = append(s.sendAllocs, float64(o.sent.Allocs)/float64(sent))
	s.recvAllocs = append(s.recvAllocs, float64(o.received.Allocs)/float64(received))
	s.cut += o.received.Cut
}

// A result is what one way reached: medians of the rounds.
type result struct {
	way                    string
	rate                   float64
	ratio, low, high       float64 // to the yardstick
	plainRatio             float64
	buffer, backlog        float64
	elsewhere              float64
	sendCPU, receiveCPU    float64
	sendAllocs, recvAllocs float64
	cut                    int64
}

func (s *sample) result(name string, yard, plain []float64) result {
	ratios := perRound(s.rates, yard)
	return result{
		way: name, rate: median(s.rates),
		ratio: median(ratios), low: bench.Quantile(ratios, 0.25), high: bench.Quantile(ratios, 0.75),
		plainRatio: median(perRound(s.rates, plain)),
		buffer:     median(s.buffer), backlog: median(s.backlog), elsewhere: slices.Max(s.elsewhere),
		sendCPU: median(s.sendCPU), receiveCPU: median(s.receiveCPU),
		sendAllocs: median(s.sendAllocs), recvAllocs: median(s.recvAllocs),
		cut: s.cut,
	}
}

func perRound(values, base []float64) []float64 {
	ratios := make([]float64, len(values))
	for i := range values {
		ratios[i] = values[i] / base[i]
	}
	return ratios
}

func median(values []float64) float64 { return bench.Quantile(values, 0.5) }
