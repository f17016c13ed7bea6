package netstack

import (
	"errors"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// Stack is a TCP/IP stack. Its methods may be called at the same time.
type Stack struct {
	config Config
	engine *stack.Stack
	clock  *trackedClock

	mu     sync.Mutex // of what follows, and held while NICs come and go
	nics   map[NICID]*nic
	routes []Route
	closed bool

	hops      atomic.Pointer[[]hop] // for Forwarding
	forwarded atomic.Uint64         // packets
	unknown   atomic.Uint64         // packets that are neither IPv4 nor IPv6

	closing   sync.Once
	closeErr  error
	endpoints endpointSet
	handlers  handlers
}

// New returns a stack without NICs. nil is the zero Config. Every field that is wrong is an
// [*Error] of what it returns.
func New(c *Config) (*Stack, error) {
	config, err := c.resolved()
	if err != nil {
		return nil, err
	}
	quiet()
	clock := newEngineClock(config.Clock)
	s := &Stack{
		config: config,
		clock:  clock,
		engine: stack.New(stack.Options{
			NetworkProtocols: []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
			TransportProtocols: []stack.TransportProtocolFactory{
				tcp.NewProtocolCUBIC, udp.NewProtocol, icmp.NewProtocol4, icmp.NewProtocol6,
			},
			Clock: clock,
		}),
		nics: make(map[NICID]*nic),
	}
	s.handlers.install(s)
	if err := s.configure(); err != nil {
		s.engine.Destroy()
		return nil, err
	}
	return s, nil
}

// configure sets the engine's options.
func (s *Stack) configure() error {
	var errs []error
	set := func(field string, err tcpip.Error) {
		if err != nil {
			errs = append(errs, &Error{Op: "config", Field: field, Err: wrap(err)})
		}
	}
	c := &s.config
	options := map[string]tcpip.SettableTransportProtocolOption{
		"Congestion": new(tcpip.CongestionControlOption(c.Congestion)),
		"NoSACK":     new(tcpip.TCPSACKEnabled(!c.NoSACK)),
		"NoRACK":     new(tcpip.TCPRACKLossDetection),
		"SendBuffer": &tcpip.TCPSendBufferSizeRangeOption{
			Min: c.SendBuffer.Min, Default: c.SendBuffer.Default, Max: c.SendBuffer.Max,
		},
		"ReceiveBuffer": &tcpip.TCPReceiveBufferSizeRangeOption{
			Min: c.ReceiveBuffer.Min, Default: c.ReceiveBuffer.Default, Max: c.ReceiveBuffer.Max,
		},
		"TimeWait": new(tcpip.TCPTimeWaitTimeoutOption(c.TimeWait)),
	}
	if c.NoRACK {
		options["NoRACK"] = new(tcpip.TCPRecovery(0))
	}
	for field, option := range options {
		set(field, s.engine.SetTransportProtocolOption(tcp.ProtocolNumber, option))
	}
	set("PortRange", s.engine.SetPortRange(c.PortRange[0], c.PortRange[1]))
	for _, p := range []tcpip.NetworkProtocolNumber{ipv4.ProtocolNumber, ipv6.ProtocolNumber} {
		set("Forwarding", s.engine.SetForwardingDefaultAndAllNICs(p, c.Forwarding))
	}
	return errors.Join(errs...)
}

// Close aborts every endpoint, closes every device and returns when nothing of the stack
// runs any more: conns are reset, and what waits returns an error that is net.ErrClosed. It
// returns the devices' errors. Later calls wait for the first and return the same.
//
// It must not be called in a handler of the stack, which it waits for.
func (s *Stack) Close() error {
	s.closing.Do(s.close)
	return s.closeErr
}

func (s *Stack) close() {
	s.handlers.close()
	s.mu.Lock()
	s.closed = true
	nics := s.nics
	s.nics = nil
	s.mu.Unlock()
	// The links come first: the engine's locks do not bear packets that arrive while NICs
	// and endpoints go, and an endpoint cannot be aborted while it waits for a device.
	var errs []error
	for id, n := range nics {
		if err := n.link.close(); err != nil {
			errs = append(errs, &Error{Op: "close", Field: "NIC", Value: id.String(), Err: err})
		}
	}
	for _, n := range nics {
		n.link.wait()
	}
	// Segments that wait are worked off before the endpoints go: those of a listener make
	// endpoints that nobody would abort, and the engine would wait for them.
	protocol := s.engine.TransportProtocolInstance(tcp.ProtocolNumber)
	protocol.Close()
	protocol.Wait()
	s.endpoints.abort()
	// More than one round is for what was just being made; the bound is for what the engine
	// does not get rid of.
	for range 100 {
		left := s.engine.RegisteredEndpoints()
		if len(left) == 0 {
			break
		}
		for _, e := range left {
			e.Abort()
		}
	}
	// The engine's own Wait is left out: it waits for endpoints that somebody makes
	// meanwhile, for ever.
	s.engine.Close()
	for id := range nics {
		if err := s.engine.RemoveNIC(tcpip.NICID(id)); err != nil {
			errs = append(errs, &Error{Op: "close", Field: "NIC", Value: id.String(), Err: wrap(err)})
		}
	}
	s.clock.close()
	s.closeErr = errors.Join(errs...)
}
