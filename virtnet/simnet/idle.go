package simnet

import (
	"container/list"
	"time"
)

// idleKind says after which time of silence an entry ends.
type idleKind uint8

const (
	idleUDP idleKind = iota
	idleTCP
	idleClosing // a TCP conn that was ended or reset
)

// Times of silence after which NATs and firewalls forget a flow, unless they say
// otherwise.
const (
	// DefaultUDPTimeout is what RFC 4787 (REQ-5) recommends.
	DefaultUDPTimeout = 5 * time.Minute
	// DefaultTCPTimeout is the least that RFC 5382 (REQ-5) wants for established
	// conns.
	DefaultTCPTimeout = 2*time.Hour + 4*time.Minute
	// closingTimeout is what RFC 5382 wants for conns that are opened or closed.
	closingTimeout = 4 * time.Minute
	// DefaultMaxFlows bounds the flows that a NAT or a firewall remembers.
	DefaultMaxFlows = 65536
)

// idleTable remembers entries until they were silent for their time. Finding,
// adding and forgetting one take the same time however many there are.
type idleTable[K comparable, V any] struct {
	most    int
	idle    [3]time.Duration
	entries map[K]*list.Element
	order   [3]list.List // those of a kind, the most silent first
	gone    func(K, V)   // told of each that is forgotten, if not nil
}

type idleEntry[K comparable, V any] struct {
	key  K
	v    V
	kind idleKind
	last time.Duration
}

func newIdleTable[K comparable, V any](udp, tcp time.Duration, most int) *idleTable[K, V] {
	t := &idleTable[K, V]{most: or(most, DefaultMaxFlows), entries: map[K]*list.Element{}}
	t.idle[idleUDP] = min(or(udp, DefaultUDPTimeout), forever)
	t.idle[idleTCP] = min(or(tcp, DefaultTCPTimeout), forever)
	t.idle[idleClosing] = min(t.idle[idleTCP], closingTimeout)
	return t
}

// expire forgets what has been silent for too long. It must be called before the
// others, with times that do not go back.
func (t *idleTable[K, V]) expire(now time.Duration) {
	for kind := range t.order {
		for e := t.order[kind].Front(); e != nil; e = t.order[kind].Front() {
			if entry(e, t).last+t.idle[kind] > now {
				break
			}
			t.remove(e)
		}
	}
}

// entry returns what is in an element of the table's lists.
func entry[K comparable, V any](e *list.Element, _ *idleTable[K, V]) *idleEntry[K, V] {
	return e.Value.(*idleEntry[K, V])
}

// touch finds an entry, which is not silent now, and tells it what the packet does
// for its flow.
func (t *idleTable[K, V]) touch(now time.Duration, k K, p *packet) bool {
	e, ok := t.entries[k]
	if !ok {
		return false
	}
	in := entry(e, t)
	kind := follow(in.kind, p)
	in.last = now
	if kind == in.kind {
		t.order[kind].MoveToBack(e)
		return true
	}
	t.order[in.kind].Remove(e)
	in.kind = kind
	t.entries[k] = t.order[kind].PushBack(in)
	return true
}

// add remembers an entry; false if there are too many.
func (t *idleTable[K, V]) add(now time.Duration, k K, v V, p *packet) bool {
	if len(t.entries) >= t.most {
		return false
	}
	in := &idleEntry[K, V]{key: k, v: v, kind: follow(idleUDP, p), last: now}
	t.entries[k] = t.order[in.kind].PushBack(in)
	return true
}

func (t *idleTable[K, V]) remove(e *list.Element) {
	in := entry(e, t)
	t.order[in.kind].Remove(e)
	delete(t.entries, in.key)
	if t.gone != nil {
		t.gone(in.key, in.v)
	}
}

// clear forgets all of them, and tells nobody.
func (t *idleTable[K, V]) clear() {
	clear(t.entries)
	for kind := range t.order {
		t.order[kind].Init()
	}
}

// follow returns what a flow is after a packet. A conn that was closing is open
// again when there is a SYN.
func follow(kind idleKind, p *packet) idleKind {
	switch {
	case p.proto != TCP:
		return idleUDP
	case p.step == StepFIN, p.step == StepRST, kind == idleClosing && p.step != StepSYN:
		return idleClosing
	}
	return idleTCP
}
