package dtlsx

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"sync"

	"github.com/pion/dtls/v3"
	"github.com/pion/transport/v5/netctx"
)

// A handshake is what is known of one conn's, and the callbacks that learn it.
type handshake struct {
	proto    *protocol
	name     string // that a client asks for, or that a server was asked for
	tap      *tap
	journal  *journal
	sessions *sessions // nil without Config.Sessions
	local    net.Addr
	remote   net.Addr
	watch    watcher // nil for a dialled conn

	mu     sync.Mutex
	chains [][]*x509.Certificate
}

// newConn makes a conn that has not shaken hands, above a link that carries the
// datagrams of this peer only. Closing it closes the link. The name is the one
// that a client asks for, "" for a server.
//
// A link with a method Dropped() uint64 tells Stats how many datagrams it dropped;
// one that is a syscall.Conn is what SyscallConn returns.
func newConn(n *protocol, link net.PacketConn, peer net.Addr, name string) (*Conn, error) {
	j := newJournal()
	h := &handshake{
		proto: n, name: name, tap: newTap(link, j, n.PSK != nil), journal: j,
		local: link.LocalAddr(), remote: peer,
	}
	h.tap.cid.Store(int32(max(n.ConnectionID, 0))) //nolint:gosec // at most 32
	if n.Sessions != nil {
		h.sessions = &sessions{store: n.Sessions}
	}
	c := &Conn{shaken: h, link: link}
	if l, ok := link.(interface{ owner() watcher }); ok {
		c.watch, h.watch = l.owner(), l.owner()
	}
	var err error
	if n.side == client {
		c.dtls, err = dtls.ClientWithOptions(h.tap, peer, h.client()...)
	} else {
		c.dtls, err = dtls.ServerWithOptions(h.tap, peer, h.server()...)
	}
	if err != nil {
		return nil, c.fail("handshake", err)
	}
	return c, nil
}

// common are the options of both sides that belong to one conn.
func (h *handshake) common() []dtls.Option {
	o := append(h.proto.options(), dtls.WithLoggerFactory(h.journal))
	if h.sessions != nil {
		o = append(o, dtls.WithSessionStore(h.sessions))
	}
	if h.proto.TLS.VerifyConnection != nil {
		o = append(o, dtls.WithVerifyConnection(h.verifyConnection))
	}
	if h.proto.PSK == nil || h.proto.certified() {
		o = append(o, dtls.WithVerifyPeerCertificate(h.verifyPeerCertificate))
	}
	return o
}

func (h *handshake) client() []dtls.ClientOption {
	o := []dtls.ClientOption{dtls.WithServerName(h.name)}
	for _, opt := range h.common() {
		o = append(o, opt)
	}
	t := h.proto.TLS
	if len(t.Certificates) > 0 {
		o = append(o, dtls.WithCertificates(t.Certificates...))
	}
	if t.GetClientCertificate != nil {
		o = append(o, dtls.WithGetClientCertificate(h.getClientCertificate))
	}
	if p := h.proto.PSK; p != nil {
		o = append(o, dtls.WithPSK(h.key), dtls.WithPSKIdentityHint(p.Identity))
	}
	return o
}

// server: the certificates are all behind getCertificate, which chooses better
// than the library, and parses none of them for each conn.
func (h *handshake) server() []dtls.ServerOption {
	var o []dtls.ServerOption
	for _, opt := range h.common() {
		o = append(o, opt)
	}
	if size := int(h.proto.ConnectionID); h.watch != nil && size > 0 {
		o = append(o, dtls.WithConnectionIDGenerator(func() []byte { return h.watch.connectionID(size) }))
	}
	t := h.proto.TLS
	o = append(o, dtls.WithClientAuth(dtls.ClientAuthType(t.ClientAuth)), dtls.WithClientCAs(t.ClientCAs))
	if h.proto.certified() {
		o = append(o, dtls.WithGetCertificate(h.getCertificate))
	}
	if p := h.proto.PSK; p != nil {
		o = append(o, dtls.WithPSK(h.key))
		if p.Hint != nil {
			o = append(o, dtls.WithPSKIdentityHint(p.Hint))
		}
	}
	return o
}

var errEmptyKey = errors.New("PSK.Key returned an empty key")

func (h *handshake) key(identityOrHint []byte) ([]byte, error) {
	key, err := h.proto.PSK.Key(slices.Clone(identityOrHint))
	if err == nil && len(key) == 0 {
		err = errEmptyKey
	}
	return key, err
}

// handshake shakes hands within the time of the context and HandshakeTimeout. If
// it fails, the conn and the link are closed and nothing of it runs any more.
func (c *Conn) handshake(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, c.shaken.proto.HandshakeTimeout)
	defer cancel()
	err := c.dtls.HandshakeContext(limited)
	c.shaken.tap.finish()
	if err == nil {
		err = c.learn()
	}
	if c.shaken.proto.side == server || !c.state.Resumed {
		c.shaken.tap.flight.forget()
	}
	if err == nil {
		return nil
	}
	c.dtls.Close()
	return c.refused(ctx, limited, errors.Join(err, c.shaken.sessions.forget()))
}

// refused names the cause of a handshake that failed.
func (c *Conn) refused(ctx, limited context.Context, err error) error {
	if code, ok := receivedAlert(err); ok {
		return c.fail("handshake", &AlertError{Code: code, Received: true})
	}
	err = plain(err)
	if code, ok := c.shaken.tap.sent(); ok {
		return c.fail("handshake", &AlertError{Code: code, Err: err})
	}
	switch {
	case ctx.Err() != nil:
		return c.fail("handshake", context.Cause(ctx))
	case limited.Err() != nil:
		e := c.fail("handshake", limited.Err())
		e.Field, e.Value = "HandshakeTimeout", c.shaken.proto.HandshakeTimeout.String()
		return e
	}
	return c.fail("handshake", err)
}

// plain takes the library's wrappers off an error: they say nothing that the
// *Error around it does not. What the library calls a closed conn in the moment in which
// the peer closes it is [net.ErrClosed].
func plain(err error) error {
	for {
		switch e := err.(type) { //nolint:errorlint // only the outermost is taken off
		case *dtls.HandshakeError:
			err = e.Err
		case *dtls.FatalError:
			err = e.Err
		case *dtls.TemporaryError:
			err = e.Err
		case *dtls.InternalError:
			err = e.Err
		case interface{ Unwrap() []error }:
			all := e.Unwrap()
			if len(all) != 1 {
				return err
			}
			err = all[0]
		default:
			if errors.Is(err, netctx.ErrClosing) {
				return net.ErrClosed
			}
			return err
		}
	}
}

// fail is an *Error about this conn.
func (c *Conn) fail(op string, err error) *Error {
	return &Error{Op: op, Network: "udp", Address: c.shaken.remote.String(), Err: err}
}
