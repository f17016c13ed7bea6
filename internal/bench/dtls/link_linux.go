package main

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/pion/dtls/v3"

	"github.com/strata-net/strata/dtlsx"
)

// A link is a client with the server that it dials. The server hands out conns whose handshake is done.
type link struct {
	settings *settings
	dial     func(ctx context.Context) (net.Conn, error)
	accepted chan net.Conn
	close    func()
}

func (w way) open(s *settings) (*link, error) {
	listener, err := w.server.listen(s)
	if err != nil {
		return nil, err
	}
	dial, err := w.client.dialer(s, listener.Addr())
	if err != nil {
		listener.Close()
		return nil, err
	}
	l := &link{settings: s, dial: dial, accepted: make(chan net.Conn)}
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			work.Go(func() { l.greet(ctx, c) })
		}
	})
	l.close = func() {
		cancel()
		listener.Close()
		work.Wait()
	}
	return l, nil
}

// greet hands over a conn, after its handshake if that is not done.
func (l *link) greet(ctx context.Context, c net.Conn) {
	if bare, ok := c.(*dtls.Conn); ok && bare.HandshakeContext(ctx) != nil {
		c.Close()
		return
	}
	select {
	case l.accepted <- c:
	case <-ctx.Done():
		c.Close()
	}
}

func (k kind) listen(s *settings) (net.Listener, error) {
	if k == ours {
		return dtlsx.NewListener(context.Background(), &dtlsx.ListenConfig{
			Address: "udp4://127.0.0.1:0", Config: s.config(s.server, s.serverSessions),
		})
	}
	return dtls.ListenWithOptions("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, s.serverOptions()...)
}

func (k kind) dialer(s *settings, to net.Addr) (func(context.Context) (net.Conn, error), error) {
	if k == ours {
		c := s.config(s.client, s.clientSessions)
		if c.PSK != nil {
			c.PSK.Identity = []byte(identity)
		}
		d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: c})
		return func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "udp4", to.String()) }, err
	}
	return func(ctx context.Context) (net.Conn, error) {
		c, err := k.bare(s, to.(*net.UDPAddr))
		if err != nil {
			return nil, err
		}
		if err := c.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, c.Close())
		}
		return c, nil
	}, nil
}

// bare makes a conn of the library.
func (k kind) bare(s *settings, to *net.UDPAddr) (*dtls.Conn, error) {
	if k == pion {
		return dtls.DialWithOptions("udp4", to, s.clientOptions()...)
	}
	udp, err := net.DialUDP("udp4", nil, to)
	if err != nil {
		return nil, err
	}
	return dtls.ClientWithOptions(connectedSocket{udp}, to, s.clientOptions()...)
}

// A connectedSocket writes to the one peer that it has.
type connectedSocket struct{ *net.UDPConn }

func (c connectedSocket) WriteTo(b []byte, _ net.Addr) (int, error) { return c.Write(b) }
