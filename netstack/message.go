package netstack

import (
	"strconv"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// Message is what goes with the bytes of RecvMsg and SendMsg.
type Message struct {
	// From is, with RecvMsg, the sender, and the NIC that the datagram came through. With
	// SendMsg it is the NIC and the source address to use, on IPv6 only; the zero
	// FullAddress leaves them to the endpoint.
	From FullAddress
	// To is, with RecvMsg, the destination of the datagram: an address of this stack or a
	// group's. With SendMsg it is the destination; the zero FullAddress is the peer.
	To FullAddress

	ControlMessages

	// Size is the length of the whole datagram in bytes. Only RecvMsg sets it.
	Size int
	// Truncated says that p was shorter than the datagram. Only RecvMsg sets it.
	Truncated bool
	// More, with SendMsg on TCP, keeps a last segment that is not full for what follows:
	// until a write without More, at most 200 ms (MSG_MORE).
	More bool
}

// ControlMessages is what the header of a datagram says. A stream has none of it: RecvMsg
// leaves it zero there, and SendMsg refuses it with [ErrNotSupported].
type ControlMessages struct {
	// TTL is the time to live or hop limit, 1 to 255. 0 is the endpoint's in SendMsg.
	TTL int
	// TOS is the type of service or traffic class, 0 to 255, with its ECN bits. In SendMsg
	// 0 is the endpoint's, and other writers of the endpoint wait meanwhile.
	TOS int
	// Time is when the datagram came. SendMsg does not look at it.
	Time time.Time
}

// wantControl asks the engine for all that Message holds.
func wantControl(o *tcpip.SocketOptions) {
	o.SetReceiveTTL(true)
	o.SetReceiveHopLimit(true)
	o.SetReceiveTOS(true)
	o.SetReceiveTClass(true)
	o.SetReceivePacketInfo(true)
	o.SetIPv6ReceivePacketInfo(true)
}

func (e *endpoint) received(n int, res tcpip.ReadResult) Message {
	m := Message{From: e.sender(res), Size: res.Total}
	if e.transport == TCP {
		m.Size = n
		return m
	}
	m.Truncated = n < res.Total
	c := res.ControlMessages
	m.Time = c.Timestamp
	// What is not there is zero, and only one family is.
	m.TTL = int(c.TTL) + int(c.HopLimit)
	m.TOS = int(c.TOS) + int(c.TClass)
	to := tcpip.FullAddress{NIC: c.PacketInfo.NIC, Addr: c.PacketInfo.DestinationAddr}
	if c.HasIPv6PacketInfo {
		to = tcpip.FullAddress{NIC: c.IPv6PacketInfo.NIC, Addr: c.IPv6PacketInfo.Addr}
	}
	if a, err := e.engine().GetLocalAddress(); err == nil {
		to.Port = a.Port
	}
	m.To = e.address(to)
	return m
}

// SendMsg implements Endpoint.
func (e *endpoint) SendMsg(p []byte, m *Message) (int, error) {
	if m == nil {
		return e.Write(p, nil)
	}
	if err := e.checkMessage(m); err != nil {
		return 0, err
	}
	var o tcpip.WriteOptions
	if m.To != (FullAddress{}) {
		if err := e.sendTo("sendmsg", &o, m.To); err != nil {
			return 0, err
		}
	}
	if err := e.sendFrom(&o, m); err != nil {
		return 0, err
	}
	if m.TTL != 0 {
		c, ttl := &o.ControlMessages, uint8(m.TTL) //nolint:gosec // checkMessage has
		c.HasTTL, c.TTL, c.HasHopLimit, c.HopLimit = true, ttl, true, ttl
	}
	switch {
	case m.TOS != 0:
		return e.writeTOS(p, o, m.TOS)
	case m.More:
		return e.writeMore(p, o)
	}
	return e.write("sendmsg", p, o)
}

func (e *endpoint) checkMessage(m *Message) error {
	bad := func(field string, value int, err error) error {
		return &Error{Op: "sendmsg", Field: field, Value: strconv.Itoa(value), Err: err}
	}
	switch stream := e.transport == TCP; {
	case m.TTL < 0 || m.TTL > 255:
		return bad("TTL", m.TTL, outOfRange(0, 255))
	case m.TOS < 0 || m.TOS > 255:
		return bad("TOS", m.TOS, outOfRange(0, 255))
	case stream && m.TTL != 0:
		return bad("TTL", m.TTL, ErrNotSupported)
	case stream && m.TOS != 0:
		return bad("TOS", m.TOS, ErrNotSupported)
	case !stream && m.More:
		return &Error{Op: "sendmsg", Field: "More", Value: "true", Err: ErrNotSupported}
	}
	return nil
}

// sendFrom sets the source of a datagram, which the engine takes on IPv6 only.
func (e *endpoint) sendFrom(o *tcpip.WriteOptions, m *Message) error {
	if m.From == (FullAddress{}) {
		return nil
	}
	if e.network == IPv4 || e.transport == TCP || m.From.Addr.Is4() || m.To.Addr.Is4() || m.From.Port != 0 {
		return &Error{Op: "sendmsg", Field: "From", Value: m.From.String(), Err: ErrNotSupported}
	}
	full, err := e.local("sendmsg", m.From)
	if err != nil {
		return err
	}
	o.ControlMessages.HasIPv6PacketInfo = true
	o.ControlMessages.IPv6PacketInfo = tcpip.IPv6PacketInfo{NIC: full.NIC, Addr: full.Addr}
	return nil
}

// writeMore lets the engine keep what does not fill a segment.
func (e *endpoint) writeMore(p []byte, o tcpip.WriteOptions) (int, error) {
	ep, err := e.use("sendmsg")
	if err != nil {
		return 0, e.failWrite("sendmsg", err)
	}
	if e.cork.set(ep.SocketOptions(), true) {
		e.s.engine.Clock().AfterFunc(corkTime, e.uncork)
	}
	o.More = true
	return e.write("sendmsg", p, o)
}

// uncork lets go what writeMore has kept.
func (e *endpoint) uncork() {
	if e.transport == TCP {
		e.cork.set(e.engine().SocketOptions(), false)
	}
}

// corkTime is what the kernel has. The engine's own timer runs only once, and a FIN does
// not push what is kept.
const corkTime = 200 * time.Millisecond

// cork is whether the engine keeps segments that are not full.
type cork struct {
	mu sync.Mutex
	on bool
}

// set reports whether that is a change.
func (c *cork) set(o *tcpip.SocketOptions, on bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if on == c.on {
		return false
	}
	c.on = on
	o.SetCorkOption(on)
	return true
}

// writeTOS changes the option of the endpoint for one datagram; the engine has no other way.
func (e *endpoint) writeTOS(p []byte, o tcpip.WriteOptions, tos int) (int, error) {
	ep, err := e.use("sendmsg")
	if err != nil {
		return 0, e.failWrite("sendmsg", err)
	}
	e.sending.Lock()
	defer e.sending.Unlock()
	for _, opt := range [...]tcpip.SockOptInt{tcpip.IPv4TOSOption, tcpip.IPv6TrafficClassOption} {
		old, err := ep.GetSockOptInt(opt)
		if err == nil {
			err = ep.SetSockOptInt(opt, tos)
		}
		if err != nil {
			return 0, fail("sendmsg", err)
		}
		defer func() { _ = ep.SetSockOptInt(opt, old) }() // took the value before
	}
	return e.writeLocked(ep, "sendmsg", p, o)
}
