package main

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
)

// openHTTP3 is for what runs over QUIC. The plain server has the limits of http3x.
func (y *way) openHTTP3(server, client *tls.Config, size int64) (*ends, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	s, err := y.http3Server(server, handler(size))
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(conn) }()
	stop := func() error {
		err := s.Close()
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return errors.Join(err, conn.Close())
	}
	rt, err := y.http3Transport(client)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return &ends{rt, "https://" + conn.LocalAddr().String(), func() error { return errors.Join(rt.Close(), stop()) }}, nil
}

func (y *way) http3Transport(config *tls.Config) (*http3.Transport, error) {
	if y.ourClient {
		return http3x.NewTransport(&http3x.Config{Dial: quicx.DialConfig{TLS: config}})
	}
	return &http3.Transport{TLSClientConfig: config}, nil
}

type http3Server interface {
	Serve(conn net.PacketConn) error
	Close() error
}

func (y *way) http3Server(config *tls.Config, h http.Handler) (http3Server, error) {
	if y.ourServer {
		return http3x.NewServer(&http3x.ServerConfig{Handler: h, Listen: quicx.ListenConfig{TLS: config}})
	}
	return &http3.Server{
		Handler: h, TLSConfig: http3.ConfigureTLSConfig(config), IdleTimeout: http3x.DefaultIdleTimeout,
		QUICConfig: &quic.Config{
			MaxIncomingStreams: http3x.DefaultMaxStreams, MaxIncomingUniStreams: http3x.DefaultMaxUniStreams,
		},
	}, nil
}
