package main

import (
	"fmt"
	"io/fs"
	"maps"
	"net"
	"strconv"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/listener/udpsession"
)

// listener takes one entry of listeners; nil is none.
func (l *loader) listener(v value) *Listener {
	n := newListener()
	n.at = v.at()
	keys := fields{
		"name":      note(&n.nameAt, set(&n.Name, parseName)),
		"address":   n.address,
		"addresses": n.key(n.addresses, TCP, HTTP),
		"protocol":  set(&n.Protocol, parseProtocol),
		"options":   n.origins.from("Options", n.Options.required),
		"prefer":    n.Options.preferred,
		"routes":    n.routes,
	}
	maps.Copy(keys, l.streamKeys(n))
	maps.Copy(keys, n.httpKeys())
	maps.Copy(keys, l.ruleKeys(n))
	maps.Copy(keys, n.limitKeys())
	maps.Copy(keys, n.sessionKeys())
	if !v.mapping(keys, "name", "address", "routes") {
		return nil
	}
	n.complete()
	return n
}

// streamKeys are those of the protocols that listen with package listener.
func (l *loader) streamKeys(n *Listener) fields {
	from, c := n.origins.from, &n.Net
	return fields{
		"tls":               n.key(from("TLS", func(v value) { n.TLS = l.serverTLS(v) }), TCP, HTTP),
		"handshake_timeout": n.key(from("HandshakeTimeout", set(&c.HandshakeTimeout, parseTimeout)), TCP, HTTP),
		"unix":              n.key(n.unix, TCP, HTTP),
		"shards":            n.key(from("Shards", set(&c.Shards, parseCount)), TCP, HTTP),
		"steer_by_cpu":      n.key(from("SteerByCPU", set(&c.SteerByCPU, parseBool)), TCP, HTTP),
		"multipath":         n.key(from("Multipath", set(&c.Multipath, multipaths.parse)), TCP, HTTP),
		"keepalive":         n.key(from("KeepAlive", keepAlive(&c.KeepAlive)), TCP, HTTP),
		"idle_timeout":      n.idle,
		"max_session":       n.key(n.maxSession, TCP, UDP),
		"first_bytes_wait":  n.key(note(&n.firstAt, set(&n.TCP.FirstBytes, parseTimeout)), TCP),
	}
}

// httpKeys are those of protocol http.
func (n *Listener) httpKeys() fields {
	h := &n.HTTP
	return fields{
		"read_header_timeout": n.key(set(&h.ReadHeader, parseTimeout), HTTP),
		"stall_timeout":       n.key(set(&h.Stall, parseTimeout), HTTP),
		"max_header":          n.key(set(&h.MaxHeader, parseHeaderSize), HTTP),
	}
}

// address takes the first address.
func (n *Listener) address(v value) {
	if a, ok := parsed(v, parseListenAddress); ok {
		n.Addresses = append([]Address{a}, n.Addresses...)
		n.addressesAt = append([]place{v.at()}, n.addressesAt...)
	}
}

// addresses takes more of them.
func (n *Listener) addresses(v value) {
	for item := range v.oneOrMore() {
		if a, ok := parsed(item, parseListenAddress); ok {
			n.Addresses = append(n.Addresses, a)
			n.addressesAt = append(n.addressesAt, item.at())
		}
	}
}

// complete gives addresses without a scheme the network of the protocol.
func (n *Listener) complete() {
	for i := range n.Addresses {
		if n.Addresses[i].Network == "" {
			n.Addresses[i].Network = n.Protocol.network()
		}
	}
}

// network returns what carries the protocol.
func (p Protocol) network() string {
	if p == UDP {
		return "udp"
	}
	return "tcp"
}

// unix takes what belongs to the files of unix sockets.
func (n *Listener) unix(v value) {
	owner := &listener.UnixOwner{UID: -1, GID: -1}
	set32 := func(dst *int) func(value) {
		return n.origins.from("UnixOwner", func(v value) {
			set(dst, parseID)(v)
			n.Net.UnixOwner = owner
		})
	}
	v.mapping(fields{
		"mode": n.origins.from("UnixMode", set(&n.Net.UnixMode, parseMode)),
		"uid":  set32(&owner.UID),
		"gid":  set32(&owner.GID),
	})
}

// parseMode reads permissions in octal.
func parseMode(s string) (fs.FileMode, error) {
	mode, err := strconv.ParseUint(s, 8, 32)
	if err != nil || mode == 0 || mode > uint64(fs.ModePerm) {
		return 0, fmt.Errorf("want permissions in octal, 0001 to 0777, got %q", s)
	}
	return fs.FileMode(mode), nil
}

// parseID reads the number of a user or a group.
func parseID(s string) (int, error) {
	id, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("want the number of a user or group, got %q", s)
	}
	return int(id), nil
}

// keepAlive returns a taker for the probes of idle TCP conns.
func keepAlive(k *net.KeepAliveConfig) func(value) {
	return func(v value) {
		k.Enable = true
		v.mapping(fields{
			"idle":     set(&k.Idle, parseTimeout),
			"interval": set(&k.Interval, parseTimeout),
			"count":    set(&k.Count, parseCount),
		})
	}
}

// idle takes idle_timeout, which each protocol has with a default of its own.
func (n *Listener) idle(v value) {
	if d, ok := parsed(v, parseTimeout); ok {
		n.TCP.Idle, n.HTTP.Idle, n.UDP.IdleTimeout = d, d, d
	}
}

// maxSession takes max_session, which is without a bound for udp by default.
func (n *Listener) maxSession(v value) {
	if d, ok := parsed(v, parseDuration); ok {
		n.TCP.Session, n.UDP.MaxAge = d, d
	}
}

// sessionKeys are those of protocol udp.
func (n *Listener) sessionKeys() fields {
	c, from := &n.UDP, n.origins.from
	count := func(field string, dst *int) func(value) { return n.key(from(field, set(dst, parseCount)), UDP) }
	size := func(field string, dst *int) func(value) { return n.key(from(field, set(dst, parseBytes)), UDP) }
	return fields{
		"max_sessions":            count("MaxSessions", &c.MaxSessions),
		"max_sessions_per_source": count("MaxSessionsPerSource", &c.MaxSessionsPerSource),
		"on_full":                 n.key(from("OnFull", set(&c.OnFull, onFull.parse)), UDP),
		"queue":                   count("Queue", &c.Queue),
		"queue_bytes":             size("QueueBytes", &c.QueueBytes),
		"max_bytes":               size("MaxBytes", &c.MaxBytes),
		"backlog":                 count("Backlog", &c.Backlog),
	}
}

// onFull are the words for what becomes of a new peer when there is no room.
var onFull = words[udpsession.OnFull]{{"refuse", udpsession.Refuse}, {"evict_idle", udpsession.EvictIdle}}

// key notes that a key belongs to some protocols only.
func (n *Listener) key(take func(value), protocols ...Protocol) func(value) {
	return func(v value) {
		n.only = append(n.only, onlyKey{at: v.at(), protocols: protocols})
		take(v)
	}
}
