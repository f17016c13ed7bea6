package main

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"sync"

	"github.com/quic-go/quic-go"
)

// goStream gives a stream of quic-go the name of the method in package net.
type goStream struct{ *quic.Stream }

func (s goStream) CloseWrite() error { return s.Close() }

// goSession makes a session of a conn of quic-go.
func goSession(c *quic.Conn) *session {
	return &session{
		conn: c,
		open: func(ctx context.Context) (stream, error) {
			s, err := c.OpenStreamSync(ctx)
			return goStream{s}, err
		},
		close:   func() { _ = c.CloseWithError(0, "") },
		resumed: func() bool { return c.ConnectionState().TLS.DidResume },
		early:   func() bool { return c.ConnectionState().Used0RTT },
	}
}

// goAccepter is what accepts conns of quic-go.
type goAccepter interface {
	Accept(ctx context.Context) (*quic.Conn, error)
}

// serveGo serves all streams of all conns until the listener is closed.
func (p *peer) serveGo(l goAccepter) {
	for {
		c, err := l.Accept(context.Background())
		if err != nil {
			return
		}
		if next := p.accepted.Swap(nil); next != nil {
			*next <- c
		}
		go func() {
			for {
				s, err := c.AcceptStream(context.Background())
				if err != nil {
					return
				}
				go p.serve(goStream{s})
			}
		}()
	}
}

// quicConfig is the config of both sides, what the defaults of quicx are included: bare quic-go has the same ones, but no
// store for tokens.
func (s settings) quicConfig() *quic.Config {
	c := &quic.Config{
		InitialStreamReceiveWindow: s.windows, MaxStreamReceiveWindow: s.windows,
		InitialConnectionReceiveWindow: s.windows, MaxConnectionReceiveWindow: s.windows,
		EnableDatagrams: s.datagrams,
	}
	if s.datagrams {
		c.InitialPacketSize = 1350 // so that a datagram fits before quic-go has found out what the path takes
	}
	return c
}

// keys are those that a quicx.Listener makes for itself.
func keys(t *quic.Transport) {
	t.StatelessResetKey = &quic.StatelessResetKey{1}
	t.TokenGeneratorKey = &quic.TokenGeneratorKey{1}
}

func openBare(s settings) (*link, error) {
	return openTransports(s, func(c *net.UDPConn) net.PacketConn { return c })
}

// openHidden hides from quic-go that it has a UDP socket, and lets it not complain.
func openHidden(s settings) (*link, error) {
	return told("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", func() (*link, error) {
		return openTransports(s, func(c *net.UDPConn) net.PacketConn { return struct{ net.PacketConn }{c} })
	})
}

// openWithoutGSO sends one packet a system call.
func openWithoutGSO(s settings) (*link, error) {
	return told("QUIC_GO_DISABLE_GSO", func() (*link, error) { return openBare(s) })
}

// told opens with a variable in the environment, at which quic-go looks when it first uses a socket: the client's with a
// first conn.
func told(variable string, open func() (*link, error)) (*link, error) {
	if err := os.Setenv(variable, "true"); err != nil {
		return nil, err
	}
	l, err := open()
	if err == nil {
		if err = l.greet(nil); err != nil {
			l.close()
		}
	}
	return l, errors.Join(err, os.Unsetenv(variable))
}

// openTransports has a transport on each side.
func openTransports(s settings, wrap func(*net.UDPConn) net.PacketConn) (l *link, err error) {
	c := &closers{}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	config := s.quicConfig()
	config.Allow0RTT = s.handshake == early
	server, address, err := c.transport(wrap)
	if err != nil {
		return nil, err
	}
	keys(server)
	l = &link{peer: &peer{handshake: s.handshake}, close: c.close}
	if s.handshake == early {
		listener, err := server.ListenEarly(s.server, config)
		if err != nil {
			return nil, err
		}
		c.serve(func() { l.serveGo(listener) }, listener.Close)
	} else {
		listener, err := server.Listen(s.server, config)
		if err != nil {
			return nil, err
		}
		c.serve(func() { l.serveGo(listener) }, listener.Close)
	}
	client, _, err := c.transport(wrap)
	if err != nil {
		return nil, err
	}
	config = s.quicConfig()
	config.TokenStore = quic.NewLRUTokenStore(256, 4)
	dial := client.Dial
	if s.handshake == early {
		dial = client.DialEarly
	}
	l.dial = func(ctx context.Context) (*session, error) {
		conn, err := dial(ctx, address, s.client, config)
		if err != nil {
			return nil, err
		}
		return goSession(conn), nil
	}
	return l, nil
}

// transport opens a socket of quic-go's own sizes.
func (c *closers) transport(wrap func(*net.UDPConn) net.PacketConn) (*quic.Transport, net.Addr, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, nil, err
	}
	c.add(conn.Close)
	t := &quic.Transport{Conn: wrap(conn)}
	c.add(t.Close)
	return t, conn.LocalAddr(), nil
}

// closers are called in reverse order.
type closers struct {
	list []func() error
	work sync.WaitGroup
}

func (c *closers) add(f func() error) { c.list = append(c.list, f) }

// serve runs what ends when the closer is called.
func (c *closers) serve(run func(), end func() error) {
	c.work.Go(run)
	c.add(end)
}

func (c *closers) close() {
	for _, f := range slices.Backward(c.list) {
		_ = f() // nothing is measured any more
	}
	c.work.Wait()
}
