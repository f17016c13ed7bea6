package main

import (
	"net"
	"net/http"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
)

// http3Transport returns a transport for HTTP/3.
func (l *lane) http3Transport(k kind, c *credentials) (t *http3.Transport, err error) {
	config, err := c.client(k)
	if err != nil {
		return nil, err
	}
	config.NextProtos = nil // HTTP/3's own
	if k == ours {
		t, err = http3x.NewTransport(&http3x.Config{Dial: quicx.DialConfig{TLS: config}})
	} else {
		t = &http3.Transport{TLSClientConfig: config, MaxResponseHeaderBytes: http3x.DefaultMaxResponseHeaderBytes}
	}
	if err == nil {
		l.closers = append(l.closers, func() { _ = t.Close() })
	}
	return t, err
}

// serveHTTP3 starts a server on a UDP socket and returns its URL. The plain one has the limits of http3x.
func (l *lane) serveHTTP3(k kind, c *credentials, h http.Handler) (string, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return "", err
	}
	l.closers = append(l.closers, func() { conn.Close() })
	config, err := c.server(k)
	if err != nil {
		return "", err
	}
	var s interface {
		Serve(conn net.PacketConn) error
		Close() error
	}
	if k == ours {
		s, err = http3x.NewServer(&http3x.ServerConfig{Handler: h, Listen: quicx.ListenConfig{TLS: config}})
		if err != nil {
			return "", err
		}
	} else {
		s = &http3.Server{
			Handler: h, TLSConfig: http3.ConfigureTLSConfig(config), IdleTimeout: http3x.DefaultIdleTimeout,
			MaxHeaderBytes: http3x.DefaultMaxHeaderBytes,
			QUICConfig: &quic.Config{
				MaxIncomingStreams: http3x.DefaultMaxStreams, MaxIncomingUniStreams: http3x.DefaultMaxUniStreams,
			},
		}
	}
	go func() { _ = s.Serve(conn) }() // ends with Close
	l.closers = append(l.closers, func() { _ = s.Close() })
	return "https://" + conn.LocalAddr().String(), nil
}
