package forward

import (
	"errors"
	"net/netip"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// openSessions makes the table of the UDP sessions.
func (f *Forwarder) openSessions() error {
	proxy, err := f.proxy(f.config.Packets)
	if err != nil {
		return err
	}
	if f.packets, err = tunx.NewDelegatePacketProxy(proxy); err != nil {
		return err
	}
	var c tunx.SessionConfig
	if f.config.Sessions != nil {
		c = *f.config.Sessions
	}
	f.answerFailures(&c)
	f.udp, err = tunx.NewSessions(f.packets, f.answer, &c)
	return err
}

// answerFailures answers with ICMP what the proxy does not send, before c's own functions
// are called. The client gets what it would without a proxy, or nothing where ICMP has no
// word for it.
func (f *Forwarder) answerFailures(c *tunx.SessionConfig) {
	closed, failed := c.Unreachable, c.OnFailure
	send := func(reason netstack.Unreachable, local, remote netip.AddrPort) {
		_ = f.stack.SendUnreachable(reason, netstack.Datagram{NIC: nic, Src: local, Dst: remote}) // the device is closed
	}
	c.Unreachable = func(local, remote netip.AddrPort) {
		send(netstack.PortUnreachable, local, remote)
		if closed != nil {
			closed(local, remote)
		}
	}
	c.OnFailure = func(local, remote netip.AddrPort, cause error) {
		if reason, ok := reasonOf(cause); ok {
			send(reason, local, remote)
		}
		if failed != nil {
			failed(local, remote, cause)
		}
	}
}

// proxy puts the DNS hook before p.
func (f *Forwarder) proxy(p tunx.PacketProxy) (tunx.PacketProxy, error) {
	if p == nil {
		p = closedPorts{}
	}
	if f.config.DNS == nil {
		return p, nil
	}
	p, err := f.config.DNS(p)
	if err == nil && p == nil {
		err = errors.New("the hook returned no proxy")
	}
	if err != nil {
		return nil, &Error{Op: "config", Field: "DNS", Err: err}
	}
	return p, nil
}

// closedPorts is a network where nobody listens.
type closedPorts struct{}

func (closedPorts) NewSession(tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	return nil, tunx.ErrPortUnreachable
}

// datagram gives a datagram to its session. What goes to no single node is dropped: a
// session would carry it out of its network.
func (f *Forwarder) datagram(d netstack.Datagram) {
	if a := d.Dst.Addr(); !a.IsGlobalUnicast() || f.udp.WriteTo(d.Payload, d.Src, d.Dst) != nil {
		f.stats.udpDropped.Add(1)
	}
}

// answer sends a datagram of a session to its client.
func (f *Forwarder) answer(p []byte, remote, local netip.AddrPort) error {
	return f.stack.SendUDP(netstack.Datagram{NIC: nic, Src: remote, Dst: local, Payload: p})
}
