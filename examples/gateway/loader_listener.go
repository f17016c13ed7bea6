package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/dtlsspec"
	"github.com/strata-net/strata/spec/httpspec"
	"github.com/strata-net/strata/spec/netspec"
	"github.com/strata-net/strata/spec/quicspec"
	"github.com/strata-net/strata/spec/sockspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx"
)

// newListener takes one entry of listeners.
func newListener(e entry, m *specv1.GatewayListener) *Listener {
	n := &Listener{Name: e.name(m.Name), Protocol: Protocol(m.GetProtocol().String()), entry: proto.CloneOf(m)}
	n.entry.Routes = nil
	e.foreign(m, n.Protocol)
	n.TLS = serverTLS(e, m, n.Protocol)
	n.address(e, m)
	n.limits(e, m)
	n.http(e, m)
	n.useless(e, m)
	var err error
	n.Options, err = sockspec.Options(m.Socket, m.Options, m.Prefer)
	if err != nil || len(n.Addresses) == 0 {
		e.add("", err)
		return n
	}
	for _, o := range n.Options {
		if !n.Protocol.in(streams) && (o.Name() == "UDP_SEGMENT" || o.Name() == "UDP_GRO") {
			e.addf(sockspec.Field(o.Name(), m.Socket, m.Options, m.Prefer), "%s is the listener's own business", o.Name())
			return n
		}
	}
	n.modules(e, m)
	return n
}

// address takes all addresses.
func (n *Listener) address(e entry, m *specv1.GatewayListener) {
	if m.Address == nil && len(m.Addresses) == 0 {
		e.addf("address", "is missing")
	}
	if len(m.Addresses) > 0 && !n.Protocol.in(streams) {
		e.addf("addresses", "protocol %s has one address", n.Protocol)
	}
	if m.Address != nil {
		n.listenOn(e, "address", m.GetAddress())
	}
	for i, s := range m.Addresses {
		n.listenOn(e, fmt.Sprintf("addresses[%d]", i), s)
	}
}

// listenOn takes one address. Without a scheme it has the network of the
// protocol.
func (n *Listener) listenOn(e entry, field, text string) {
	a, err := parseListenAddress(text)
	if err == nil && a.Network == "" {
		a.Network = n.Protocol.network()
	}
	if err == nil && !a.inherited() && !n.Protocol.listensOn(a.Network) {
		err = fmt.Errorf("protocol %s does not listen on %s", n.Protocol, a.Network)
	}
	if err != nil {
		e.bad(field, text, err)
		return
	}
	n.Addresses = append(n.Addresses, a)
}

// limits takes the times that the gateway itself keeps.
func (n *Listener) limits(e entry, m *specv1.GatewayListener) {
	idle, session := 10*time.Minute, 24*time.Hour
	if n.Protocol == UDP || n.Protocol == DTLS {
		idle, session = time.Minute, 0
	}
	n.TCP = TCPLimits{
		Idle:       e.timeout("idle_timeout", m.IdleTimeout, idle),
		Session:    e.duration("max_session", m.MaxSession, session),
		FirstBytes: e.timeout("first_bytes_wait", m.FirstBytesWait, 0),
	}
}

// http takes what only protocols of HTTP have.
func (n *Listener) http(e entry, m *specv1.GatewayListener) {
	if !n.Protocol.in(web) {
		return
	}
	n.Versions = newVersions(e, m.HttpVersions, n.TLS != nil)
	server := &specv1.HTTPServerConfig{}
	project(server, m, projected{"listeners": "", "tls": "", "idle_timeout": "", "alt_svc": ""})
	_, _, err := httpspec.ServerConfig(context.Background(), server)
	e.add("", err)
	proxy, err := httpspec.ReverseProxyConfig(context.Background(), &specv1.HTTPReverseProxyConfig{Forwarding: m.Forwarding})
	if e.add("", err); err != nil {
		proxy = &httpx.ReverseProxyConfig{}
	}
	n.HTTP = HTTPLimits{
		ReadHeader: e.timeout("read_header_timeout", m.ReadHeaderTimeout, 10*time.Second),
		Idle:       e.timeout("idle_timeout", m.IdleTimeout, 2*time.Minute),
		Stall:      e.timeout("stall_timeout", m.StallTimeout, time.Minute),
		Stream:     e.timeout("stream_timeout", m.StreamTimeout, time.Hour),
		MaxHeader:  int(cmp.Or(m.GetMaxHeaderBytes(), 64<<10)),
		Tunnel:     e.timeout("tunnel_timeout", m.TunnelTimeout, time.Hour),
		Forwarding: proxy.Forwarding,
		Via:        m.GetVia(),
		Upgrades:   m.Upgrades,
		AltSvc:     m.GetAltSvc(),
	}
	if size := n.HTTP.MaxHeader; size < 1<<10 || size > 16<<20 {
		e.addf("max_header_bytes", "%d: want 1024 to 16777216", size)
	}
	for i, s := range m.ConnectTo {
		t, err := parseTarget(s)
		e.bad(fmt.Sprintf("connect_to[%d]", i), s, err)
		n.HTTP.ConnectTo = append(n.HTTP.ConnectTo, t)
	}
}

// useless notes fields that say how, where there is nothing to do.
func (n *Listener) useless(e entry, m *specv1.GatewayListener) {
	for _, f := range []struct {
		name   string
		is, no bool
		needs  string
	}{
		{"over_limit", m.OverLimit != nil, m.MaxConns == nil && m.AcceptRate == nil, "max_conns or accept_rate"},
		{"alt_svc", m.AltSvc != nil, n.TLS == nil, "tls"},
		{"handshake_timeout", m.HandshakeTimeout != nil, n.TLS == nil && n.Protocol != DTLS, "tls"},
		{"max_handshakes", m.MaxHandshakes != nil, n.TLS == nil && m.ProxyProtocol == nil && n.Protocol != DTLS, "tls or proxy_protocol"},
		{"dtls.psk_hint", m.GetDtls().GetPskHint() != "", m.GetDtls().GetPsk() == nil, "dtls.psk"},
	} {
		if f.is && f.no {
			e.addf(f.name, "is of no use without %s", f.needs)
		}
	}
	if n.Protocol.needsTLS() && n.TLS == nil && m.GetDtls().GetPsk() == nil {
		e.addf("", "protocol %s needs tls", n.Protocol)
	}
}

// modules takes what the modules take, which say what is wrong with it.
func (n *Listener) modules(e entry, m *specv1.GatewayListener) {
	rules, err := prefixes(m)
	e.add("", err)
	m = proto.CloneOf(m)
	m.Allow, m.Deny = append(m.Allow, rules.allow...), append(m.Deny, rules.deny...)
	m.Address, m.Addresses = new(n.Addresses[0].String()), nil
	for _, a := range n.Addresses[1:] {
		m.Addresses = append(m.Addresses, a.String())
	}
	switch {
	case n.TLS == nil:
	case n.Protocol == DTLS && len(n.TLS.Names) == 0:
		m.Tls = tried(m.Tls)
	default:
		m.Tls = stand()
	}
	switch n.Protocol {
	case UDP:
		n.sessions(e, m)
	case QUIC:
		n.quic(e, m, m.GetAddress())
	case DTLS:
		n.dtls(e, m)
	case HTTP3:
		n.quic(e, m, "")
		n.stream(e, m)
	default:
		n.stream(e, m)
	}
}

// stream takes what package listener takes.
func (n *Listener) stream(e entry, m *specv1.GatewayListener) {
	c := &specv1.ListenConfig{}
	other := projected{"idle_timeout": "conn_idle_timeout"}
	if n.Protocol == TCP {
		other = projected{"idle_timeout": "", "max_age": ""}
	}
	project(c, m, other)
	got, err := netspec.ListenConfig(context.Background(), c)
	if err != nil {
		e.mapped(err, other)
		return
	}
	n.Net = *got
	n.Net.TLS, n.Net.Track = nil, true
	if n.Protocol == TCP {
		n.Net.IdleTimeout, n.Net.MaxAge = n.TCP.Idle, n.TCP.Session
	}
}

// sessions takes what package udpsession takes.
func (n *Listener) sessions(e entry, m *specv1.GatewayListener) {
	c := &specv1.UDPSessionConfig{}
	other := projected{"max_age": "max_session"}
	project(c, m, other)
	got, err := netspec.UDPSessionConfig(context.Background(), c)
	if err != nil {
		e.mapped(err, other)
		return
	}
	n.UDP, n.Net.Allow, n.Net.Deny = *got, got.Allow, got.Deny
	n.UDP.MaxSessions = cmp.Or(n.UDP.MaxSessions, 4096)
	n.UDP.IdleTimeout, n.UDP.MaxAge = n.TCP.Idle, n.TCP.Session
}

// quic takes what package quicx takes; of http3, which has a socket of its own,
// without an address.
func (n *Listener) quic(e entry, m *specv1.GatewayListener, address string) {
	c := &specv1.QUICListenConfig{Quic: &specv1.QuicConfig{}}
	other := projected{"quic": "", "shards": ""}
	own := projected{"address": "", "tls": ""}
	if n.Protocol == HTTP3 {
		other = projected{"quic": "", "shards": "", "options": "", "prefer": "", "socket": "", "address": ""}
	}
	project(c, m, other)
	if address == "" {
		c.Address = new("127.0.0.1:0")
	}
	if m.Quic != nil {
		settings := &specv1.QUICListenConfig{}
		project(settings, m.Quic, own)
		proto.Merge(c, settings)
		c.Quic.MaxIncomingStreams = nil
		if m.Quic.MaxIncomingStreams != nil {
			c.Quic.MaxIncomingStreams = new(int64(m.Quic.GetMaxIncomingStreams()))
		}
	}
	got, err := quicspec.ListenConfig(context.Background(), c)
	if err != nil {
		e.mapped(err, other, "quic.max_incoming_streams", "retry", "early", "stateless_reset_key", "token_key")
		return
	}
	n.QUIC, n.Net.Allow, n.Net.Deny = *got, got.Allow, got.Deny
	n.QUIC.TLS, n.QUIC.CloseCode = nil, cutCode
	if address == "" {
		n.QUIC.Address = ""
	}
}

// dtls takes what package dtlsx takes.
func (n *Listener) dtls(e entry, m *specv1.GatewayListener) {
	d := &specv1.DTLSConfig{Tls: m.Tls, HandshakeTimeout: m.HandshakeTimeout}
	if own := m.Dtls; own != nil {
		d.ConnectionId, d.MtuBytes = own.ConnectionId, own.MtuBytes
		if own.Psk != nil {
			d.Psk = &specv1.DTLSConfig_PSK{KeysFrom: own.Psk, Hint: own.PskHint}
			text, _ := tlsx.File(own.Psk.GetFile()).Secret() // an error is one of the mapper, too
			n.psk = sha256.Sum256(text)
		}
	}
	if d.Tls != nil {
		d.Tls = proto.CloneOf(d.Tls)
		d.Tls.Alpn = nil
	}
	c := &specv1.DTLSListenConfig{}
	project(c, m, projected{"dtls": "", "idle_timeout": ""})
	c.Dtls = d
	got, err := dtlsspec.ListenConfig(context.Background(), c)
	if err != nil {
		e.mapped(err, projected{"dtls.psk.keys_from": "dtls.psk", "dtls.psk": "dtls.psk", "dtls.handshake_timeout": "handshake_timeout"})
		return
	}
	n.DTLS, n.Net.Allow, n.Net.Deny = *got, got.Allow, got.Deny
	n.DTLS.TLS, n.DTLS.IdleTimeout = nil, n.TCP.Idle
}

// mapped notes what a mapper says, in the words of the document: other is what
// project was given, inside are fields of the entry quic.
func (e entry) mapped(err error, other projected, inside ...string) {
	for _, problem := range spec.Errors(err) {
		own := *problem
		first, rest := own.Path, ""
		if i := strings.IndexAny(first, ".["); i >= 0 {
			first, rest = own.Path[:i], own.Path[i:]
		}
		switch name, ok := other[protoreflect.Name(own.Path)]; {
		case ok && name != "":
			own.Path = string(name)
		case other[protoreflect.Name(first)] != "":
			own.Path = string(other[protoreflect.Name(first)]) + rest
		case slices.Contains(inside, first):
			own.Path = "quic." + own.Path
		}
		e.add("", &own)
	}
}

// foreign notes fields that only other protocols have.
func (e entry) foreign(m *specv1.GatewayListener, p Protocol) {
	m.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if list, ok := only[string(f.Name())]; ok && !p.in(list) {
			e.addf(string(f.Name()), "is for protocol %s, this one is %s", orList(words(list)), p)
		}
		return true
	})
}

func words(list []Protocol) []string {
	var names []string
	for _, p := range list {
		names = append(names, string(p))
	}
	return names
}

// orList returns "a, b or c".
func orList(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

var errNoPrefix = errors.New("want a prefix such as 10.0.0.0/8, or an address")

// rules are prefixes out of files.
type rules struct{ allow, deny []string }

// prefixes reads the files of prefixes that a listener names.
func prefixes(m *specv1.GatewayListener) (r rules, err error) {
	var errs []error
	for _, f := range []struct {
		field string
		name  *string
		to    *[]string
	}{{"allow_file", m.AllowFile, &r.allow}, {"deny_file", m.DenyFile, &r.deny}} {
		if f.name == nil {
			continue
		}
		list, err := readPrefixes(*f.name)
		*f.to = list
		errs = append(errs, spec.At(f.field, err))
	}
	return r, errors.Join(errs...)
}

// readPrefixes reads a file with a prefix in each line. What follows a # is a
// comment.
func readPrefixes(name string) ([]string, error) {
	data, err := readBounded(name, maxPrefixFile)
	if err != nil {
		return nil, &spec.Error{Err: err}
	}
	var list []string
	var errs []error
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		text, _, _ := strings.Cut(line, "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if _, err := listener.ParsePrefix(text); err != nil {
			errs = append(errs, &spec.Error{Value: fmt.Sprintf("%q", text), Err: fmt.Errorf("%s:%d: %w", name, number, errNoPrefix)})
			continue
		}
		list = append(list, text)
	}
	if more := len(errs) - maxPrefixProblems; more > 0 {
		errs = append(errs[:maxPrefixProblems], &spec.Error{Err: fmt.Errorf("%s: %d more lines are wrong", name, more)})
	}
	return list, errors.Join(errs...)
}
