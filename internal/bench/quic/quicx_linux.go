package main

import (
	"context"
	"net"

	"github.com/strata-net/strata/quicx"
)

const local = "127.0.0.1:0"

func openOurs(s settings) (*link, error) { return openListener(s, 0) }

// openShards has two sockets on the server's port.
func openShards(s settings) (*link, error) { return openListener(s, 2) }

// openWide has more on its way.
func openWide(s settings) (*link, error) {
	s.windows = 32 << 20
	return openListener(s, 0)
}

func openListener(s settings, shards int) (_ *link, err error) {
	c := &closers{}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	listener, client, err := c.quicx(s, shards)
	if err != nil {
		return nil, err
	}
	l := &link{peer: &peer{handshake: s.handshake}, close: c.close}
	c.serve(func() { l.serveGo(listener) }, listener.Close)
	dial := client.DialContext
	if s.handshake == early {
		dial = client.DialEarly
	}
	l.dial = func(ctx context.Context) (*session, error) {
		conn, err := dial(ctx, "udp4", listener.Addr().String())
		if err != nil {
			return nil, err
		}
		return goSession(conn), nil
	}
	return l, nil
}

// quicx makes the two ends. The caller closes the listener.
func (c *closers) quicx(s settings, shards int) (*quicx.Listener, *quicx.Client, error) {
	client, err := quicx.NewDialer(&quicx.DialConfig{TLS: s.client, QUIC: s.quicConfig()})
	if err != nil {
		return nil, nil, err
	}
	c.add(client.Close)
	listener, err := quicx.NewListener(context.Background(), &quicx.ListenConfig{
		Address: "udp4://" + local, TLS: s.server, QUIC: s.quicConfig(), Early: s.handshake == early, Shards: shards,
	})
	return listener, client, err
}

// openStreams has streams as net.Conn.
func openStreams(s settings) (_ *link, err error) {
	c := &closers{}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	listener, client, err := c.quicx(s, 0)
	if err != nil {
		return nil, err
	}
	streams, err := quicx.NewStreamListener(listener, nil)
	if err != nil {
		return nil, err
	}
	l := &link{peer: &peer{handshake: s.handshake}, close: c.close}
	c.serve(func() { l.serveConns(streams) }, streams.Close)
	l.dial = func(context.Context) (*session, error) { return streamSession(client, listener.Addr().String()) }
	return l, nil
}

// streamSession has a dialer of its own, and so a QUIC conn.
func streamSession(client *quicx.Client, address string) (*session, error) {
	d, err := quicx.NewStreamDialer(client, nil)
	if err != nil {
		return nil, err
	}
	var last *quicx.StreamConn
	return &session{
		open: func(ctx context.Context) (stream, error) {
			conn, err := d.DialContext(ctx, "udp4", address)
			if err != nil {
				return nil, err
			}
			last = conn.(*quicx.StreamConn)
			return last, nil
		},
		close:   func() { _ = d.Close() },
		resumed: func() bool { return last.Conn().ConnectionState().TLS.DidResume },
		early:   func() bool { return last.Conn().ConnectionState().Used0RTT },
	}, nil
}

// serveConns serves all conns, each of which is a stream, until the listener is closed.
func (p *peer) serveConns(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			p.serve(c.(stream))
		}()
	}
}
