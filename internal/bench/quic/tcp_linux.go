package main

import (
	"context"
	"crypto/tls"
	"net"
)

func openTCP(settings) (*link, error) {
	return openConns(full, func(l net.Listener) net.Listener { return l }, &net.Dialer{})
}

// openTLS has a conn for each stream.
func openTLS(s settings) (*link, error) {
	return openConns(s.handshake, func(l net.Listener) net.Listener { return tls.NewListener(l, s.server) }, &tls.Dialer{Config: s.client})
}

func openConns(h handshake, wrap func(net.Listener) net.Listener, d interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}) (*link, error) {
	raw, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp4", local)
	if err != nil {
		return nil, err
	}
	c := &closers{}
	l := &link{peer: &peer{handshake: h}, close: c.close}
	c.serve(func() { l.serveConns(wrap(raw)) }, raw.Close)
	l.dial = func(context.Context) (*session, error) {
		var all []net.Conn
		return &session{
			open: func(ctx context.Context) (stream, error) {
				conn, err := d.DialContext(ctx, "tcp4", raw.Addr().String())
				if err != nil {
					return nil, err
				}
				all = append(all, conn)
				return conn.(stream), nil
			},
			close: func() {
				for _, conn := range all {
					conn.Close()
				}
			},
			resumed: func() bool { return all[0].(*tls.Conn).ConnectionState().DidResume },
			early:   func() bool { return false },
		}, nil
	}
	return l, nil
}
