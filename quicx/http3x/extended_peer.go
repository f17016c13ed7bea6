package http3x

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// extendedPeer is a conn to an authority, or the attempt to get one.
type extendedPeer struct {
	authority string
	ready     chan struct{} // closed when one of the two below is set
	conn      *http3.ClientConn
	err       error

	streams int         // with those who wait for ready
	timer   *time.Timer // set while there are none
}

// peer returns a conn on which a stream is counted, and whether it was dialled
// for this one.
func (d *ExtendedDialer) peer(r *http.Request) (_ *extendedPeer, fresh bool, _ error) {
	p, fresh, err := d.take(authority(r))
	if err != nil {
		return nil, false, err
	}
	select {
	case <-p.ready:
		err = p.err
	case <-r.Context().Done():
		err = context.Cause(r.Context())
	}
	if err != nil {
		d.drop(p)
		return nil, false, err
	}
	return p, fresh, nil
}

func (d *ExtendedDialer) take(authority string) (_ *extendedPeer, fresh bool, _ error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, false, net.ErrClosed
	}
	p := d.peers[authority]
	if p == nil {
		p, fresh = &extendedPeer{authority: authority, ready: make(chan struct{})}, true
		d.peers[authority] = p
		d.dials.Go(func() { d.dial(p) })
	}
	p.streams++
	if p.timer != nil {
		p.timer.Stop()
	}
	return p, fresh, nil
}

// dial connects. It is shared by those who want to have the conn, so that the
// end of one of them does not end it; the Dial of the transport has its timeout.
func (d *ExtendedDialer) dial(p *extendedPeer) {
	defer close(p.ready)
	config := d.tls.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(p.authority) // is one: authority made it
	}
	conn, err := d.transport.Dial(d.ctx, p.authority, config, d.quic.Clone())
	if err != nil {
		p.err = err
		d.forget(p)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p.conn = d.transport.NewClientConn(conn)
	d.conns[p] = struct{}{}
	context.AfterFunc(conn.Context(), func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.stop(p)
	})
	if p.streams == 0 {
		d.rest(p)
	}
}

// forget makes the next Dial take another conn. The streams on this one go on.
func (d *ExtendedDialer) forget(p *extendedPeer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.peers[p.authority] == p {
		delete(d.peers, p.authority)
	}
}

// drop ends the count of a stream.
func (d *ExtendedDialer) drop(p *extendedPeer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p.streams--; p.streams == 0 {
		d.rest(p)
	}
}

// rest closes a conn that stays without streams.
func (d *ExtendedDialer) rest(p *extendedPeer) {
	if _, ok := d.conns[p]; !ok {
		return
	}
	p.timer = time.AfterFunc(d.idle, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if p.streams == 0 {
			d.stop(p)
		}
	})
}

// stop closes a conn, or notes that it has ended.
func (d *ExtendedDialer) stop(p *extendedPeer) {
	if d.peers[p.authority] == p {
		delete(d.peers, p.authority)
	}
	if _, ok := d.conns[p]; !ok {
		return
	}
	delete(d.conns, p)
	if p.timer != nil {
		p.timer.Stop()
	}
	_ = p.conn.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
}

// authority returns host and port.
func authority(r *http.Request) string {
	port := r.URL.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(r.URL.Hostname(), port)
}
