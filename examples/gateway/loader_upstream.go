package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/spec/netspec"
	"github.com/strata-net/strata/spec/quicspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// dialTime bounds a dial, and a handshake, of an upstream that says nothing else.
const dialTime = 5 * time.Second

// newUpstream takes one entry of upstreams.
func newUpstream(e entry, m *specv1.GatewayUpstream) *Upstream {
	u := &Upstream{
		Name:            e.name(m.Name),
		TLS:             clientTLS(e, m.Tls),
		ResponseTimeout: e.timeout("response_timeout", m.ResponseTimeout, 30*time.Second),
		entry:           proto.CloneOf(m),
	}
	if m.Echo != nil {
		u.Echo = Protocol(m.GetEcho().String())
	}
	u.target(e, m)
	if u.Versions.H3 = m.GetHttp3(); u.Versions.H3 {
		u.http3(e, m)
		return u
	}
	u.Versions = newVersions(e, m.HttpVersions, u.TLS != nil)
	if !u.Versions.H1 && m.GetDial().GetProxyProtocol() != 0 {
		e.addf("http_versions", "with dial.proxy_protocol each request has a conn of its own: want http1 among them")
	}
	u.dial(e, m)
	return u
}

// target takes what is dialled.
func (u *Upstream) target(e entry, m *specv1.GatewayUpstream) {
	switch {
	case m.Echo != nil && m.Address != nil:
		e.addf("echo", "excludes address")
	case m.Echo != nil && m.Tls != nil:
		e.addf("echo", "excludes tls")
	case m.Echo == nil && m.Address == nil:
		e.addf("", "want an address, or echo")
	}
	if m.Address != nil {
		a, err := parseDialAddress(*m.Address)
		e.bad("address", *m.Address, err)
		u.Address = a
	}
	switch {
	case u.TLS == nil || u.network() == "" || m.GetHttp3():
	case !(Address{Network: u.network()}).streams():
		e.addf("tls", "is for streams of bytes, not for %s", u.network())
	case u.network() == "unix" && m.Tls.GetServerName() == "":
		e.addf("tls.server_name", "is missing; a unix socket has no host name to verify")
	}
}

// dial takes what package dialer takes.
func (u *Upstream) dial(e entry, m *specv1.GatewayUpstream) {
	e = e.field("dial")
	d := &specv1.DialConfig{}
	if m.Dial != nil {
		d = proto.CloneOf(m.Dial)
	}
	if d.Tls != nil {
		e.addf("tls", "is for the upstream itself, beside dial")
	}
	cfg, err := netspec.DialConfig(context.Background(), d)
	if err != nil {
		e.add("", err)
		return
	}
	u.Dial = *cfg
	u.Dial.Timeout = cmp.Or(u.Dial.Timeout, dialTime)
	u.Dial.HandshakeTimeout = cmp.Or(u.Dial.HandshakeTimeout, dialTime)
	network := u.network()
	if network == "" {
		return // the address is wrong, or missing
	}
	e.fits(u.Dial.Options, network)
	e.add("", u.tryDial(network))
}

// http3 takes what package http3x takes.
func (u *Upstream) http3(e entry, m *specv1.GatewayUpstream) {
	switch {
	case len(m.HttpVersions) > 0:
		e.addf("http_versions", "http3 has a socket of another kind: want it alone")
	case u.Echo != "" && u.Echo != HTTP:
		e.addf("http3", "is for echo: http, not for %s", u.Echo)
	case u.Echo != "":
	case u.TLS == nil:
		e.addf("http3", "needs tls")
	case u.network() != "" && u.Address.protocol() != "udp":
		e.addf("address", "http3 is dialled on udp, such as udp://%s, not on %s", u.Address.Host, u.network())
	}
	d := &specv1.QUICDialConfig{Tls: &specv1.TLSConfig{}, Quic: &specv1.QuicConfig{}}
	m.Dial.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		same := d.ProtoReflect().Descriptor().Fields().ByName(f.Name())
		if f.Name() != "handshake_timeout" && (same == nil || f.Name() == "tls") {
			e.addf("dial."+string(f.Name()), "is not for upstreams over http3")
		}
		return true
	})
	if m.Dial != nil {
		project(d, m.Dial, projected{"tls": "", "quic": ""})
	}
	d.Timeout = cmp.Or(d.Timeout, durationpb.New(dialTime))
	d.Quic.HandshakeIdleTimeout = cmp.Or(m.GetDial().GetHandshakeTimeout(), durationpb.New(dialTime))
	cfg, err := quicspec.HTTP3Config(context.Background(), &specv1.HTTP3TransportConfig{Dial: d})
	if err != nil {
		e.mapped(err, projected{"dial.quic.handshake_idle_timeout": "dial.handshake_timeout"})
		return
	}
	u.QUIC = *cfg
}

// tryDial returns what package dialer finds wrong with all of it. It dials in a
// context that has ended, so that it gets as far as it can without a socket.
func (u *Upstream) tryDial(network string) error {
	cfg := u.Dial
	cfg.Lookup = nowhere
	d, err := dialer.New(&cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	address := u.Address.Host
	if u.Echo != "" {
		address = "127.0.0.1:1"
	}
	_, err = d.DialContext(ctx, network, address)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// network returns what an upstream is dialled with; empty when the document does
// not say it.
func (u *Upstream) network() string {
	switch {
	case u.Echo == "":
		return u.Address.Network
	case u.entry.GetHttp3():
		return "udp"
	}
	return u.Echo.network()
}
