package main

import (
	"context"
	"io"
	"net"
	"net/http"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
)

// http3Servers begin with quic-go's, which gets the limits of ours.
func http3Servers() []way {
	return []way{
		{name: "http3.Server", listen: func() (server, error) {
			return newHTTP3(&http3.Server{
				Handler: answered, TLSConfig: http3.ConfigureTLSConfig(certificate()), IdleTimeout: forever,
				MaxHeaderBytes: http3x.DefaultMaxHeaderBytes,
				QUICConfig: &quic.Config{
					MaxIdleTimeout:     forever,
					MaxIncomingStreams: http3x.DefaultMaxStreams, MaxIncomingUniStreams: http3x.DefaultMaxUniStreams,
				},
			})
		}},
		{name: "http3x.Server", listen: func() (server, error) {
			s, err := http3x.NewServer(&http3x.ServerConfig{
				Handler: answered, IdleTimeout: forever, Listen: quicx.ListenConfig{TLS: certificate(), QUIC: quicConfig},
			})
			if err != nil {
				return nil, err
			}
			return newHTTP3(s)
		}},
	}
}

// An http3Server serves a socket.
type http3Server struct {
	*net.UDPConn
	server interface {
		Serve(conn net.PacketConn) error
		Close() error
	}
}

func newHTTP3(s interface {
	Serve(conn net.PacketConn) error
	Close() error
}) (*http3Server, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	return &http3Server{conn, s}, err
}

func (s *http3Server) Addr() net.Addr { return s.LocalAddr() }

func (s *http3Server) Close() error {
	_ = s.server.Close()
	return s.UDPConn.Close()
}

// answering lets the way serve. The clients say when their conns are idle.
func answering(_ way, l server, _ int) func() error {
	s := l.(*http3Server)
	go func() { _ = s.server.Serve(s.UDPConn) }() // ends with Close
	return func() error { return nil }
}

// requestHTTP3 sends a request over each conn.
func requestHTTP3(source net.IP) (dialFunc, func(), error) {
	t := &http3.Transport{}
	return dialEach(source, http3.NextProtoH3, func(ctx context.Context, c *quic.Conn, address string) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address, http.NoBody) //nolint:gosec // our own server
		if err != nil {
			return err
		}
		response, err := t.NewClientConn(c).RoundTrip(r)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		_, err = io.Copy(io.Discard, response.Body)
		return err
	})
}
