package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/quicx"
)

// forever is longer than a measurement.
const forever = time.Hour

var quicConfig = &quic.Config{MaxIdleTimeout: forever}

const quicProtocol = "bench"

// quicListeners begin with quic-go alone. It gets the keys that quicx makes by itself.
func quicListeners() []way {
	return []way{
		{name: "quic-go", listen: func() (server, error) {
			t, err := transport(net.IPv4(127, 0, 0, 1))
			if err != nil {
				return nil, err
			}
			t.StatelessResetKey, t.TokenGeneratorKey = &quic.StatelessResetKey{1}, &quic.TokenGeneratorKey{1}
			l, err := t.Listen(quicCertificate(), quicConfig)
			return l, err
		}},
		{name: "quicx", listen: func() (server, error) {
			return quicx.NewListener(context.Background(), &quicx.ListenConfig{
				Address: "udp4://" + address, TLS: quicCertificate(), QUIC: quicConfig,
			})
		}},
		{name: "quicx with limits and rules", listen: func() (server, error) {
			return quicx.NewListener(context.Background(), &quicx.ListenConfig{
				Address: "udp4://" + address, TLS: quicCertificate(), QUIC: quicConfig,
				Deny: prefixes("192.0.2.0/24"), MaxConns: 1 << 20, MaxConnsPerSource: 1 << 20,
			})
		}},
	}
}

func quicCertificate() *tls.Config {
	c := certificate()
	c.MinVersion, c.NextProtos = tls.VersionTLS13, []string{quicProtocol}
	return c
}

func transport(ip net.IP) (*quic.Transport, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: ip})
	if err != nil {
		return nil, err
	}
	return &quic.Transport{Conn: conn}, nil
}

// acceptQUIC accepts n conns and keeps them.
func acceptQUIC(_ way, l server, n int) func() error {
	conns := make([]*quic.Conn, 0, n)
	return func() error {
		for range n {
			c, err := l.(quicx.Accepter).Accept(context.Background())
			if err != nil {
				return err
			}
			conns = append(conns, c)
		}
		return nil
	}
}

// A quicConn closes without a code.
type quicConn struct{ *quic.Conn }

func (c quicConn) Close() error { return c.CloseWithError(0, "") }

// dialQUIC has one socket for all conns.
func dialQUIC(source net.IP) (dialFunc, func(), error) {
	return dialEach(source, quicProtocol, func(context.Context, *quic.Conn, string) error { return nil })
}

// dialEach dials conns and does something with each.
func dialEach(source net.IP, protocol string, then func(context.Context, *quic.Conn, string) error) (dialFunc, func(), error) {
	t, err := transport(source)
	if err != nil {
		return nil, nil, err
	}
	config := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}} //nolint:gosec // what a conn costs does not depend on it
	return func(ctx context.Context, address string) (io.Closer, error) {
			to, err := net.ResolveUDPAddr("udp4", address)
			if err != nil {
				return nil, err
			}
			c, err := t.Dial(ctx, to, config, quicConfig)
			if err != nil {
				return nil, err
			}
			return quicConn{c}, then(ctx, c, address)
		}, func() {
			t.Close()
			t.Conn.Close()
		}, nil
}
