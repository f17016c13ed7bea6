package main

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/pion/dtls/v3"

	"github.com/strata-net/strata/dtlsx"
)

// dtlsListeners begin with the library alone.
func dtlsListeners() []way {
	return []way{
		{name: "pion/dtls", listen: func() (server, error) {
			return dtls.ListenWithOptions("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)},
				dtls.WithCertificates(certificate().Certificates...), dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret))
		}},
		{name: "dtlsx", listen: func() (server, error) {
			return listenDTLS(&dtlsx.ListenConfig{})
		}},
		{name: "dtlsx with limits, rules and IdleTimeout", listen: func() (server, error) {
			return listenDTLS(&dtlsx.ListenConfig{
				Deny: prefixes("192.0.2.0/24"), MaxConns: 1 << 20, MaxConnsPerSource: 1 << 20, IdleTimeout: forever,
			})
		}},
	}
}

func listenDTLS(c *dtlsx.ListenConfig) (server, error) {
	c.Address = "udp4://" + address
	c.TLS = certificate()
	l, err := dtlsx.NewListener(context.Background(), c)
	return l, err
}

// acceptDTLS accepts n conns and keeps them, when their handshakes are done.
func acceptDTLS(_ way, l server, n int) func() error {
	conns := make([]net.Conn, 0, n)
	done := make(chan error, n)
	return func() error {
		for range n {
			c, err := l.(net.Listener).Accept()
			if err != nil {
				return err
			}
			conns = append(conns, c)
			bare, ok := c.(*dtls.Conn)
			if !ok {
				done <- nil
				continue
			}
			go func() { done <- bare.Handshake() }()
		}
		var err error
		for range n {
			err = errors.Join(err, <-done)
		}
		return err
	}
}

// dialDTLS has a socket for each conn.
func dialDTLS(source net.IP) (dialFunc, func(), error) {
	return func(ctx context.Context, address string) (io.Closer, error) {
		to, err := net.ResolveUDPAddr("udp4", address)
		if err != nil {
			return nil, err
		}
		udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: source})
		if err != nil {
			return nil, err
		}
		c, err := dtls.ClientWithOptions(udp, to, dtls.WithInsecureSkipVerify(true))
		if err != nil {
			return nil, errors.Join(err, udp.Close())
		}
		if err := c.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, c.Close())
		}
		return c, nil
	}, func() {}, nil
}
