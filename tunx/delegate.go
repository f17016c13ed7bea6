package tunx

import (
	"context"
	"sync/atomic"
)

// DelegatePacketProxy is a [PacketProxy] that hands its calls to another one, which can be
// replaced while it is in use. Its methods may be called at the same time.
type DelegatePacketProxy interface {
	PacketProxy

	// SetProxy makes proxy the one that new sessions go to. Sessions that are there stay
	// where they are. nil is an error.
	SetProxy(proxy PacketProxy) error
}

// NewDelegatePacketProxy returns a [DelegatePacketProxy] that begins with proxy. nil is an
// error.
func NewDelegatePacketProxy(proxy PacketProxy) (DelegatePacketProxy, error) {
	d := &delegate{}
	if err := d.SetProxy(proxy); err != nil {
		return nil, err
	}
	return d, nil
}

type delegate struct {
	proxy atomic.Pointer[PacketProxy] // to an interface, since types differ
}

func (d *delegate) SetProxy(proxy PacketProxy) error {
	if proxy == nil {
		return &Error{Op: "config", Field: "proxy", Value: "nil", Err: errNil}
	}
	d.proxy.Store(&proxy)
	return nil
}

func (d *delegate) NewSession(receiver PacketResponseReceiver) (PacketRequestSender, error) {
	return (*d.proxy.Load()).NewSession(receiver)
}

// NewSessionContext hands on the context too.
func (d *delegate) NewSessionContext(ctx context.Context, receiver PacketResponseReceiver) (PacketRequestSender, error) {
	return newProxySession(ctx, *d.proxy.Load(), receiver)
}
