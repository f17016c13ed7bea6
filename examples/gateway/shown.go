package main

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/sockopt/socketz"
)

// shown are the sockets that the admin page shows. They are noted whether there
// is one or not, so that a reload can open it.
type shown struct{ registry socketz.Registry }

// add notes a socket until it is closed, or forget is called.
func (s *shown) add(socket socketz.Socket) (forget func()) {
	if socket.TLS == nil {
		socket.TLS = securityOf
	}
	forget, _ = s.registry.Add(socket) // an error says that it is no pointer, which all are
	return forget
}

// listening notes what a listener has open.
func (s *shown) listening(d *door) (forget func()) {
	list := []func(){s.add(socketz.Socket{
		Name: d.name, Role: socketz.Listening, Conn: d.net, Options: d.cfg.Options,
		Counters: func(any) any { return d.stats() }, // keeps the listener until it is forgotten
	})}
	for _, pc := range d.packets {
		list = append(list, s.add(socketz.Socket{Name: d.name, Role: socketz.Packets, Conn: pc, Options: d.cfg.QUIC.Options}))
	}
	return func() {
		for _, forget := range list {
			forget()
		}
	}
}

// accepted notes a client's conn.
func (s *shown) accepted(n *Listener, c any) (forget func()) {
	socket := socketz.Socket{Name: n.Name, Role: socketz.Accepted, Conn: c}
	if _, ok := c.(net.Conn); ok && n.Protocol.in(streams) {
		socket.Options = n.Options
	}
	if n.Protocol == DTLS && n.TLS != nil && verifies(n.TLS.Config.ClientAuth) {
		socket.TLS = verifiedOf
	}
	return s.add(socket)
}

// verifiedOf is securityOf for a conn of DTLS whose certificates, if it has any, the
// listener has verified itself.
func verifiedOf(conn any) *tls.ConnectionState {
	state := securityOf(conn)
	if state != nil && len(state.PeerCertificates) > 0 {
		state.VerifiedChains = [][]*x509.Certificate{state.PeerCertificates}
	}
	return state
}

// handler is the page.
func (s *shown) handler(log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/{$}", s.registry.Handler(&socketz.Config{
		Title:     "gateway",
		OnRefused: func(r *http.Request, err error) { log.Warn("admin page", "client", r.RemoteAddr, "error", err) },
	}))
	return mux
}

// securityOf tells the state of TLS of each kind of conn.
func securityOf(conn any) *tls.ConnectionState {
	var state tls.ConnectionState
	switch c := conn.(type) {
	case *tls.Conn:
		state = c.ConnectionState()
	case *quic.Conn:
		state = c.ConnectionState().TLS
	case *quicx.StreamConn:
		state = c.Conn().ConnectionState().TLS
	case *dtlsx.Conn:
		s := c.ConnectionState()
		state = tls.ConnectionState{
			HandshakeComplete: true, Version: s.Version, CipherSuite: s.CipherSuite, CurveID: s.Curve, DidResume: s.Resumed,
			ServerName: s.ServerName, NegotiatedProtocol: s.NegotiatedProtocol,
			PeerCertificates: s.PeerCertificates, VerifiedChains: s.VerifiedChains,
		}
	default:
		return nil
	}
	return &state
}
