package simnet

import (
	"container/heap"
	"net/netip"
	"time"
)

// What tests of the fabric draw from and look at.
type (
	Chance = chance
	Lane   = lane
)

func (c Chance) Of(v uint64) Chance        { return c.of(v) }
func (c Chance) Named(s string) Chance     { return c.named(s) }
func (c Chance) Hit(share float64) bool    { return c.hit(share) }
func (c Chance) Below(n int64) int64       { return c.below(n) }
func (l *Link) Ideal() bool                { return l.ideal() }
func (l Link) Or(base Link) Link           { return l.or(base) }
func Scale(v, by, of int64) int64          { return scale(v, by, of) }
func FaultCheck(l *Lab, f Fault) error     { return f.check(l.f) }
func (l *Lab) Gen() uint64                 { return l.f.gen.Load() }
func (l *Lab) Direct(a, b string) bool     { return l.f.direct(l.hosts[a], l.hosts[b]) }
func (l *Lab) Remembered() (r, n, k int)   { return len(l.f.routes), len(l.f.lanes), len(l.f.nodes) }
func (l *Lab) MTU(from, dst string) int    { return l.f.mtu(l.hosts[from], &packet{dst: l.AddrPort(dst)}) }
func (l *Lab) Addrs(h string) []netip.Addr { return l.hosts[h].addrs }

// What the system says.
var (
	ErrReset   error = errnos[peerReset]
	ErrRefused error = errnos[refused]
)

// MaxRemembered and MaxCuts are bounds.
const (
	MaxRemembered = maxRemembered
	MaxCuts       = maxCuts
)

// Lab is a fabric, and hosts that do nothing but send and receive packets.
type Lab struct {
	f     *fabric
	hosts map[string]*Host
	queue labQueue
	count uint64
	read  map[string]netip.AddrPort
}

// Packet is one that was sent, and what became of it.
type Packet struct {
	From     string
	Src, Dst string // as they were sent, "name:port" or addresses
	Proto    Protocol
	Step     Step
	Size     int
	Flow     uint64
	Number   uint64
	At       time.Duration

	Arrived          []time.Duration
	To               string
	SeenFrom, SeenAs string // addresses at the receiver
	Drop             Reason
	DroppedAt        time.Duration
	Refused          bool
	Corrupt          []uint64
}

type labEvent struct {
	at    time.Duration
	order uint64
	p     *packet
	of    *Packet
}

type labQueue []labEvent

func (q labQueue) Len() int { return len(q) }
func (q labQueue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].order < q[j].order
}
func (q labQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *labQueue) Push(x any)   { *q = append(*q, x.(labEvent)) }
func (q *labQueue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

// NewLab returns a fabric with the link between each two of the hosts.
func NewLab(seed uint64, l Link, hosts ...string) *Lab {
	lab := &Lab{f: newFabric(&Network{seed: seed, cfg: Config{Link: l}}), hosts: map[string]*Host{}, read: map[string]netip.AddrPort{}}
	for i, name := range hosts {
		if err := lab.Add(name, netip.AddrFrom4([4]byte{10, 0, byte((i + 1) >> 8), byte(i + 1)})); err != nil {
			panic(err)
		}
	}
	return lab
}

// NewTopologyLab returns the fabric of a topology.
func NewTopologyLab(t Topology) (*Lab, error) {
	plan, err := t.plan()
	if err != nil {
		return nil, err
	}
	lab := &Lab{f: newFabric(&Network{seed: t.Config.Seed}), hosts: map[string]*Host{}, read: map[string]netip.AddrPort{}}
	plan.install(lab.f)
	for _, h := range plan.hosts {
		if err := lab.Add(h.name, h.addrs...); err != nil {
			return nil, err
		}
	}
	return lab, nil
}

// Add adds a host.
func (l *Lab) Add(name string, addrs ...netip.Addr) error {
	h := &Host{name: name, addrs: addrs}
	err := l.f.addHost(h)
	if err == nil {
		l.hosts[name] = h
		clear(l.read)
	}
	return err
}

// Remove closes a host.
func (l *Lab) Remove(name string) {
	l.f.vacate(l.hosts[name])
	l.f.removeHost(l.hosts[name])
}

// Apply lets faults happen that are not those of hosts.
func (l *Lab) Apply(faults ...Fault) error {
	for _, f := range faults {
		if _, err := l.f.apply(f); err != nil {
			return err
		}
	}
	return nil
}

// AddrPort reads "host:port", where host is a name or an address.
func (l *Lab) AddrPort(s string) netip.AddrPort {
	a, ok := l.read[s]
	if !ok {
		a = l.parse(s)
		l.read[s] = a
	}
	return a
}

func (l *Lab) parse(s string) netip.AddrPort {
	for i := len(s) - 1; i >= 0; i-- {
		if h := l.hosts[s[:i]]; s[i] == ':' && h != nil {
			return netip.AddrPortFrom(h.addrs[0], netip.MustParseAddrPort("0.0.0.0"+s[i:]).Port())
		}
	}
	return netip.MustParseAddrPort(s)
}

// Send lets a packet leave at p.At, when Run is called.
func (l *Lab) Send(p *Packet) *Packet {
	q := &packet{
		proto: p.Proto, step: p.Step, src: l.AddrPort(p.Src), dst: l.AddrPort(p.Dst), from: l.hosts[p.From],
		flow: p.Flow, number: p.Number, size: p.Size,
	}
	l.push(p.At, q, p)
	return p
}

func (l *Lab) push(at time.Duration, q *packet, p *Packet) {
	l.count++
	heap.Push(&l.queue, labEvent{at, l.count, q, p})
}

// Run lets everything happen that was sent, and what follows.
func (l *Lab) Run() {
	for l.Step() {
	}
}

// Step lets one thing happen; false if there is none.
func (l *Lab) Step() bool {
	if len(l.queue) == 0 {
		return false
	}
	e := heap.Pop(&l.queue).(labEvent)
	v := l.f.pass(e.at, e.p)
	switch {
	case v.count == 0:
		e.of.Drop, e.of.DroppedAt, e.of.Refused = v.drop, e.at, v.refused
	case v.relay:
		for i, at := range v.arrivals[:v.count] {
			q := e.p
			if i == 1 {
				q = e.p.twin()
			}
			l.push(at, q, e.of)
		}
	default:
		e.of.Arrived = append(e.of.Arrived, v.arrivals[:v.count]...)
		e.of.To, e.of.SeenFrom, e.of.SeenAs = v.to.name, v.src.String(), v.dst.String()
		if v.corrupt != 0 {
			e.of.Corrupt = append(e.of.Corrupt, v.corrupt)
		}
	}
	return true
}

// Pass sends one packet and waits for it.
func (l *Lab) Pass(p *Packet) *Packet {
	l.Send(p)
	l.Run()
	return p
}

// Bench passes count datagrams, one after the other.
func (l *Lab) Bench(count int, from, to string) {
	src, dst := l.AddrPort(from+":1"), l.AddrPort(to+":2")
	for i := range count {
		at := time.Duration(i) * time.Microsecond
		p := &packet{proto: UDP, step: StepDatagram, src: src, dst: dst, from: l.hosts[from], number: uint64(i), size: 100}
		for relay := true; relay; {
			v := l.f.pass(at, p)
			at, relay = v.arrivals[0], v.relay
		}
	}
}
