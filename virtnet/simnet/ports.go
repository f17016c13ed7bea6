package simnet

import "math/bits"

// Ports of those who ask for none, as Linux has them, and where a network has names.
const (
	firstEphemeral = 32768
	lastEphemeral  = 60999
	lastPort       = 65535
)

// ports are those of one protocol on one host. The zero value has all of them free.
type ports struct {
	used   []uint64       // a bit for each, as far as any was used
	shared map[uint16]int // users of a port beyond the first
	next   int            // where the search goes on
}

func (p *ports) has(port int) bool {
	return port>>6 < len(p.used) && p.used[port>>6]>>(port&63)&1 != 0
}

// take makes a port used. It reports whether it was free.
func (p *ports) take(port int) bool {
	if p.has(port) {
		return false
	}
	if need := port>>6 + 1; need > len(p.used) {
		p.used = append(p.used, make([]uint64, need-len(p.used))...)
	}
	p.used[port>>6] |= 1 << (port & 63)
	return true
}

// free gives a port back, 0 is none.
func (p *ports) free(port int) {
	if port == 0 {
		return
	}
	if p.shared[uint16(port)] > 0 { //nolint:gosec // a port
		p.shared[uint16(port)]-- //nolint:gosec // a port
		return
	}
	delete(p.shared, uint16(port)) //nolint:gosec // a port
	p.used[port>>6] &^= 1 << (port & 63)
}

// first takes the first free port, 0 if there is none.
func (p *ports) first() int { return p.search(1, lastPort) }

// ephemeral takes the next free port of those that dial, 0 if there is none.
func (p *ports) ephemeral() int {
	from := p.next
	if from < firstEphemeral || from > lastEphemeral {
		from = firstEphemeral
	}
	port := p.search(from, lastEphemeral)
	if port == 0 {
		port = p.search(firstEphemeral, from-1)
	}
	if port != 0 {
		p.next = port + 1
	}
	return port
}

// share takes a port that another conn has, to somewhere else.
func (p *ports) share(port int) {
	if p.shared == nil {
		p.shared = map[uint16]int{}
	}
	p.shared[uint16(port)]++ //nolint:gosec // a port
}

// search takes the first free port of a range, 0 if there is none.
func (p *ports) search(from, to int) int {
	for port := from; port <= to; {
		if port>>6 >= len(p.used) {
			p.take(port)
			return port
		}
		free := ^p.used[port>>6] >> (port & 63)
		if free == 0 {
			port = (port>>6 + 1) << 6
			continue
		}
		if port += bits.TrailingZeros64(free); port <= to {
			p.take(port)
			return port
		}
	}
	return 0
}
