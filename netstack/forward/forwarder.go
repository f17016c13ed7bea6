package forward

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// dialPatience is how long Close waits for dials to notice that they are over, and
// resetPatience for how long it leaves the device open for the resets of flows.
const (
	dialPatience  = time.Second
	resetPatience = time.Second
)

// nic is the only NIC of a forwarder's stack.
const nic netstack.NICID = 1

// Forwarder carries the traffic of a device. Its methods may be called at the same time.
type Forwarder struct {
	config  Config
	stack   *netstack.Stack
	streams atomic.Pointer[route]
	packets tunx.DelegatePacketProxy
	udp     *tunx.Sessions

	ctx    context.Context // ends with Close
	cancel context.CancelCauseFunc
	once   sync.Once
	err    error          // of Close
	work   sync.WaitGroup // of the janitor

	flows flowTable
	stats counters
}

// route is where new flows go.
type route struct {
	dialer     tunx.StreamDialer
	generation uint64
}

// New carries the traffic of dev until Close, which closes dev as well. Offloads and queues
// that dev has are used. nil is the zero Config.
func New(dev tunx.IPDevice, cfg *Config) (*Forwarder, error) {
	c, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if dev == nil {
		return nil, &Error{Op: "open", Field: "device", Value: "nil", Err: errors.New("required")}
	}
	f := &Forwarder{config: c}
	f.flows.init()
	f.ctx, f.cancel = context.WithCancelCause(context.Background())
	f.streams.Store(&route{dialer: c.Streams})
	if err := f.openSessions(); err != nil {
		return nil, err
	}
	if err := f.openStack(dev); err != nil {
		return nil, errors.Join(err, f.udp.Close())
	}
	f.work.Go(f.janitor)
	return f, nil
}

// openStack makes a stack that takes everything dev has.
func (f *Forwarder) openStack(dev tunx.IPDevice) error {
	var c netstack.Config
	if f.config.Stack != nil {
		c = *f.config.Stack
	}
	if c.TimeWait == 0 {
		// A client may use its port again at once when the server has closed first: its SYN
		// would find a conn that waits for nothing.
		c.TimeWait = -1
	}
	s, err := netstack.New(&c)
	if err != nil {
		return err
	}
	f.stack = s
	s.HandleUDP(f.datagram)
	s.HandleEcho(f.echo)
	err = s.HandleTCP(&netstack.TCPHandler{
		Handle: f.request, Admit: f.admit, MaxPending: f.config.MaxHalfOpen, Overflow: f.config.Overflow,
		HandshakeTimeout: f.config.HandshakeTimeout,
		OnOverflow:       func(_, _ netip.AddrPort) { f.stats.over[overHalfOpen].Add(1) },
	})
	if err == nil {
		err = s.CreateNIC(nic, dev, netstack.Promiscuous(), netstack.Spoofing())
	}
	if err == nil {
		err = s.SetRouteTable(anywhere)
	}
	if err != nil {
		return errors.Join(&Error{Op: "open", Field: "device", Err: err}, s.Close())
	}
	return nil
}

// Run carries the traffic of dev until ctx ends. It closes dev and returns the cause of ctx.
func Run(ctx context.Context, dev tunx.IPDevice, cfg *Config) error {
	f, err := New(dev, cfg)
	if err != nil {
		return err
	}
	<-ctx.Done()
	return errors.Join(context.Cause(ctx), f.Close())
}

// SetStreamDialer makes new TCP flows go to d; nil refuses them. Those that there are, or
// that are being dialled, stay: see Drain.
func (f *Forwarder) SetStreamDialer(d tunx.StreamDialer) {
	for {
		old := f.streams.Load()
		if f.streams.CompareAndSwap(old, &route{d, old.generation + 1}) {
			return
		}
	}
}

// SetPacketProxy makes new UDP sessions go to p; nil answers them with "port unreachable".
// Those that there are stay until they are idle.
func (f *Forwarder) SetPacketProxy(p tunx.PacketProxy) error {
	p, err := f.proxy(p)
	if err != nil {
		return err
	}
	return f.packets.SetProxy(p)
}

// Drain waits until the TCP flows have ended that an earlier dialer made than the present
// one. When ctx ends those that are left are reset, the dials among them end, and its cause is
// returned.
func (f *Forwarder) Drain(ctx context.Context) error {
	now := f.streams.Load().generation
	for {
		old, changed := f.flows.older(now)
		if len(old) == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			f.flows.abortAll(old, context.Cause(ctx))
			return context.Cause(ctx)
		}
	}
}

// Close resets every flow, ends every session and dial, and closes the device. It returns
// when nothing of the forwarder runs any more, except dials that ignore their context for
// longer than a second. A device that takes no packets has a second for the resets, too. A second Close does nothing.
func (f *Forwarder) Close() error {
	f.once.Do(func() {
		f.cancel(tunx.ErrClosed)
		f.flows.abort(tunx.ErrClosed)
		f.flows.settle(resetPatience)
		f.err = f.stack.Close()
		f.err = errors.Join(f.err, f.udp.Close())
		f.work.Wait()
		f.flows.await(dialPatience)
	})
	return f.err
}
