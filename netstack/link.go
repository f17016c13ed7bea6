package netstack

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/strata-net/strata/tunx"
)

// minMTU is the shortest MTU of a link that IPv4 knows (RFC 791). IPv6 asks for 1280 and
// is silent below.
const minMTU = 68

// maxPacket is the longest IP packet.
const maxPacket = 65535

// link joins a device to the engine. What comes from the device goes to the engine's
// network layer without the engine's NIC, which knows just one answer for all packets of
// a link to the question whether their checksums have been looked at.
type link struct {
	s     *Stack
	id    NICID
	dev   tunx.IPDevice
	ports []port // one a queue
	// maxSegment is the longest packet for the device, 0 when it does not segment.
	maxSegment int
	// loop says that the device is Loopback: all packets come back.
	loop bool
	// own are the NIC's addresses. Packets for them come back, too.
	own atomic.Pointer[[]tcpip.Address]

	ipv4, ipv6 stack.NetworkEndpoint
	attached   atomic.Bool

	closed  chan struct{}
	once    sync.Once
	err     error          // of the device's Close
	workers sync.WaitGroup // readers and the replier
	replies replies

	stats linkStats
}

// port is a queue of a device.
type port struct {
	dev     tunx.IPDevice
	offload tunx.OffloadDevice // nil when it has none
}

func newLink(s *Stack, id NICID, dev tunx.IPDevice) (*link, error) {
	if dev == nil {
		return nil, fmt.Errorf("%w: no device", ErrBadLinkEndpoint)
	}
	if dev.MTU() < minMTU || dev.MTU() > maxPacket {
		return nil, fmt.Errorf("%w: its MTU is %d, not 68 to 65535", ErrBadLinkEndpoint, dev.MTU())
	}
	l := &link{s: s, id: id, dev: dev, closed: make(chan struct{})}
	if l.loop = dev == Loopback; l.loop {
		return l, nil
	}
	queues := []tunx.IPDevice{dev}
	if m, ok := dev.(tunx.MultiQueue); ok && len(m.Queues()) > 0 {
		queues = m.Queues()
	}
	l.maxSegment = maxPacket
	for _, q := range queues {
		o, ok := q.(tunx.OffloadDevice)
		if !ok {
			o = nil
		}
		if o == nil || o.MaxSegment() <= dev.MTU() {
			l.maxSegment = 0
		} else if l.maxSegment != 0 {
			l.maxSegment = min(l.maxSegment, o.MaxSegment())
		}
		l.ports = append(l.ports, port{q, o})
	}
	return l, nil
}

// start begins to read. The engine has the link's NIC.
func (l *link) start() error {
	for p, ep := range map[tcpip.NetworkProtocolNumber]*stack.NetworkEndpoint{
		header.IPv4ProtocolNumber: &l.ipv4, header.IPv6ProtocolNumber: &l.ipv6,
	} {
		var err tcpip.Error
		if *ep, err = l.s.engine.GetNetworkEndpoint(tcpip.NICID(l.id), p); err != nil {
			return wrap(err)
		}
	}
	for _, p := range l.ports {
		l.workers.Go(func() { l.read(p) })
	}
	return nil
}

// close makes every Read and Write of the device return. A second one does nothing.
func (l *link) close() error {
	l.once.Do(func() {
		close(l.closed)
		l.replies.stop()
		l.err = l.dev.Close()
	})
	return l.err
}

// wait returns when nothing of the link calls the engine any more. close comes first.
func (l *link) wait() { l.workers.Wait() }

// linkError is the engine's word for a device's error.
func linkError(err error) tcpip.Error {
	switch {
	case errors.Is(err, net.ErrClosed):
		return &tcpip.ErrClosedForSend{}
	case errors.Is(err, tunx.ErrMsgSize):
		return &tcpip.ErrMessageTooLong{}
	case errors.Is(err, eNoBufs):
		return &tcpip.ErrNoBufferSpace{}
	}
	return &tcpip.ErrNoNet{}
}

// The methods that the engine wants of a link.

func (l *link) MTU() uint32 { return uint32(l.dev.MTU()) } //nolint:gosec // newLink bounds it

// SupportedGSO says that TCP may hand over packets of up to GSOMaxSize bytes.
func (l *link) SupportedGSO() stack.SupportedGSO {
	if l.maxSegment == 0 {
		return stack.GSONotSupported
	}
	return stack.HostGSOSupported
}

func (l *link) GSOMaxSize() uint32 { return uint32(l.maxSegment) } //nolint:gosec // newLink bounds it

// Capabilities are none for a device: what is known of checksums is said packet by packet.
func (l *link) Capabilities() stack.LinkEndpointCapabilities {
	if l.loop {
		return stack.CapabilityLoopback | stack.CapabilityRXChecksumOffload | stack.CapabilityTXChecksumOffload
	}
	return stack.CapabilityNone
}

func (l *link) Attach(d stack.NetworkDispatcher) { l.attached.Store(d != nil) }

func (l *link) IsAttached() bool { return l.attached.Load() }

func (*link) SetMTU(uint32)                           {}
func (*link) MaxHeaderLength() uint16                 { return 0 }
func (*link) LinkAddress() tcpip.LinkAddress          { return "" }
func (*link) SetLinkAddress(tcpip.LinkAddress)        {}
func (*link) Wait()                                   {}
func (*link) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareNone }
func (*link) AddHeader(*stack.PacketBuffer)           {}
func (*link) ParseHeader(*stack.PacketBuffer) bool    { return true }
func (*link) Close()                                  {}
func (*link) SetOnCloseAction(func())                 {}
