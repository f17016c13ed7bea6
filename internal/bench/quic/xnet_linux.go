package main

import (
	"context"
	"time"

	"golang.org/x/net/quic"

	"github.com/strata-net/strata/quicx/xquic"
)

// xStream sends what is written at once, as the other libraries do.
type xStream struct{ *quic.Stream }

func (s xStream) Write(b []byte) (int, error) {
	n, err := s.Stream.Write(b)
	if err == nil {
		err = s.Flush()
	}
	return n, err
}

func (s xStream) CloseWrite() error {
	return s.Stream.CloseWrite()
}

func xSession(c *quic.Conn) *session {
	return &session{
		open: func(ctx context.Context) (stream, error) {
			s, err := c.NewStream(ctx)
			return xStream{s}, err
		},
		close:   func() { c.Abort(nil) },
		resumed: func() bool { return c.ConnectionState().DidResume },
		early:   func() bool { return false }, // it has none
	}
}

// serveX serves all streams of all conns until the listener is closed.
func (p *peer) serveX(l interface {
	Accept(ctx context.Context) (*quic.Conn, error)
}) {
	for {
		c, err := l.Accept(context.Background())
		if err != nil {
			return
		}
		go func() {
			defer c.Abort(nil)
			for {
				s, err := c.AcceptStream(context.Background())
				if err != nil {
					return
				}
				go p.serve(xStream{s})
			}
		}()
	}
}

// end closes an endpoint without waiting for long.
func end(f func(context.Context) error) func() error {
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		return f(ctx)
	}
}

func openXNet(s settings) (*link, error) {
	c := &closers{}
	server, err := quic.Listen("udp4", local, &quic.Config{TLSConfig: s.server})
	if err != nil {
		return nil, err
	}
	l := &link{peer: &peer{handshake: s.handshake}, close: c.close}
	c.serve(func() { l.serveX(server) }, end(server.Close))
	client, err := quic.Listen("udp4", local, nil)
	if err != nil {
		c.close()
		return nil, err
	}
	c.add(end(client.Close))
	config := &quic.Config{TLSConfig: s.client}
	l.dial = func(ctx context.Context) (*session, error) {
		conn, err := client.Dial(ctx, "udp4", server.LocalAddr().String(), config)
		if err != nil {
			return nil, err
		}
		return xSession(conn), nil
	}
	return l, nil
}

func openXQuic(s settings) (*link, error) {
	c := &closers{}
	server, err := xquic.NewListener(context.Background(), &xquic.ListenConfig{Address: "udp4://" + local, TLS: s.server})
	if err != nil {
		return nil, err
	}
	l := &link{peer: &peer{handshake: s.handshake}, close: c.close}
	c.serve(func() { l.serveX(server) }, end(server.Close))
	client, err := xquic.NewDialer(&xquic.DialConfig{TLS: s.client})
	if err != nil {
		c.close()
		return nil, err
	}
	c.add(end(client.Close))
	l.dial = func(ctx context.Context) (*session, error) {
		conn, err := client.DialContext(ctx, "udp4", server.LocalAddr().String())
		if err != nil {
			return nil, err
		}
		return xSession(conn), nil
	}
	return l, nil
}
