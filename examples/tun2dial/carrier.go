package main

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// maxPings is how many pings are on their way at a time; more are dropped.
const maxPings = 64

// A carrier takes the packets of a device and dials for them.
type carrier struct {
	forwarder *forward.Forwarder
	names     *names // nil: addresses are what they are
	pinger    *pinger
	from      io.Closer

	ctx    context.Context
	cancel context.CancelFunc
	slots  chan struct{}
	group  sync.WaitGroup
}

// newCarrier carries the traffic of a device, which Close closes. After an error the
// device is still the caller's.
func newCarrier(o *wayOptions, dev tunx.IPDevice, n *names, seen watcher) (*carrier, error) {
	c := &carrier{names: n, slots: make(chan struct{}, maxPings)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	cfg, err := c.config(o, seen)
	if err == nil {
		c.forwarder, err = forward.New(dev, cfg)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	seen.attach(c)
	return c, nil
}

// config returns the forwarder's configuration.
func (c *carrier) config(o *wayOptions, seen watcher) (*forward.Config, error) {
	dial, err := o.config()
	if err != nil {
		return nil, err
	}
	d, err := dialer.New(dial)
	if err != nil {
		return nil, err
	}
	cfg := &forward.Config{
		Streams: tunx.StreamDialerFrom(d), DialTimeout: dialTime, ResetOnTimeout: true,
		OnFlow: func(e forward.Event) { seen.see(c.streamEvent(e)) },
		Sessions: &tunx.SessionConfig{
			OnOpen:  func(i tunx.SessionInfo) { seen.see(c.sessionEvent("open", i, nil)) },
			OnClose: func(i tunx.SessionInfo, cause error) { seen.see(c.sessionEvent("close", i, cause)) },
		},
	}
	if cfg.Packets, err = c.packets(o); err != nil {
		return nil, err
	}
	if c.names != nil {
		cfg.Streams = &namedStreams{cfg.Streams, c.names}
		if cfg.Packets != nil {
			cfg.Packets = &namedPackets{cfg.Packets, c.names}
		}
	}
	if o.datagrams() == udpResolve {
		cfg.DNS = overTCP(cfg.Streams)
	}
	switch o.pings() {
	case echoAnswer:
		cfg.Echo = forward.EchoAnswer
	case echoPass:
		cfg.Echo, cfg.OnEcho = forward.EchoPass, c.pass
		c.pinger, err = newPinger(o)
	}
	return cfg, err
}

// pass sends a real ping, and answers when that was answered.
func (c *carrier) pass(e netstack.Echo, reply func([]byte) error) {
	select {
	case c.slots <- struct{}{}:
	default:
		return
	}
	to, data := e.Dst, append([]byte(nil), e.Data...)
	c.group.Go(func() {
		defer func() { <-c.slots }()
		if c.pinger.ping(c.ctx, to, data) == nil {
			_ = reply(data) // the device is closed
		}
	})
}

// Close ends all flows and closes the device.
func (c *carrier) Close() error {
	var errs []error
	c.cancel()
	if c.forwarder != nil {
		errs = append(errs, c.forwarder.Close())
	}
	c.group.Wait() // no ping begins after the forwarder's end
	if c.from != nil {
		errs = append(errs, c.from.Close())
	}
	return errors.Join(errs...)
}
