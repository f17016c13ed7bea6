package quicx

import (
	"errors"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/sockopt/access"
)

// checkProtocol checks TLS and QUIC, and makes copies with what the listener
// says about them.
func (c *ListenConfig) checkProtocol(p *problems) {
	c.TLS = prepareTLS(p, c.TLS, listening)
	q := &quic.Config{}
	if c.QUIC != nil {
		q = c.QUIC.Clone()
	}
	if q.HandshakeIdleTimeout != 0 {
		p.add("QUIC.HandshakeIdleTimeout", q.HandshakeIdleTimeout.String(), errIdle)
	}
	c.impose(q)
	if get := q.GetConfigForClient; get != nil {
		q.GetConfigForClient = c.imposed(get)
	}
	c.QUIC = prepareQUIC(p, q, listening)
	c.QLog.prepare(p, c.QUIC)
}

var errIdle = errors.New("set HandshakeTimeout, of which it is half")

// impose sets what fields of ListenConfig are for.
func (c *ListenConfig) impose(q *quic.Config) {
	timeout := c.HandshakeTimeout
	if timeout <= 0 {
		timeout = DefaultHandshakeTimeout
	}
	const parts = 2 // quic-go gives the whole handshake twice the time
	q.HandshakeIdleTimeout = max(timeout/parts, time.Nanosecond)
	q.Allow0RTT = q.Allow0RTT || c.Early
}

// imposed does the same to the configs that are returned for a client.
func (c *ListenConfig) imposed(get configGetter) configGetter {
	return func(info *quic.ClientInfo) (*quic.Config, error) {
		q, err := get(info)
		if q == nil || err != nil {
			return nil, err
		}
		if q.HandshakeIdleTimeout != 0 {
			return nil, &Error{Op: "config", Field: "QUIC.HandshakeIdleTimeout", Value: q.HandshakeIdleTimeout.String(), Err: errIdle}
		}
		q = q.Clone()
		c.impose(q)
		return q, nil
	}
}

// quic returns the config that the sockets get: clients that the rules refuse do
// not reach the caller's GetConfigForClient, and its failures are told.
func (g *gate) quic(s *shard) *quic.Config {
	get := g.config.QUIC.GetConfigForClient
	if get == nil {
		return g.config.QUIC
	}
	q := g.config.QUIC.Clone()
	q.GetConfigForClient = func(info *quic.ClientInfo) (*quic.Config, error) {
		if !g.rules.Admits(access.AddrOf(info.RemoteAddr)) || g.closing() {
			return q, nil // then admit refuses it
		}
		own, err := get(info)
		if err != nil {
			err = &Error{Op: "accept", Network: "udp", Address: info.RemoteAddr.String(), Field: "QUIC.GetConfigForClient", Err: err}
			g.happened(Event{Kind: RefusedByConfig, Local: s.socket.udp.LocalAddr(), Remote: info.RemoteAddr, Err: err})
		}
		return own, err
	}
	return q
}
