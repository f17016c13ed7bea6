package main

import "slices"

// The groups of protocols that have keys in common.
var (
	streams     = []Protocol{TCP, HTTP, HTTP3}             // they listen with package listener
	web         = []Protocol{HTTP, HTTP3}                  // they route requests
	handshaking = []Protocol{TCP, HTTP, HTTP3, QUIC, DTLS} // they have conns, with handshakes
)

// only says which protocols have a field of a listener; the others are for all.
var only = map[string][]Protocol{
	"addresses": streams, "tls": handshaking, "self_signed": handshaking, "handshake_timeout": handshaking,
	"max_handshakes": handshaking, "unix_mode": {TCP, HTTP}, "unix_owner": {TCP, HTTP}, "shards": streams,
	"steer_by_cpu": streams, "multipath": streams, "keep_alive": streams, "max_conns": handshaking,
	"max_conns_per_source": handshaking, "over_limit": streams, "accept_rate": streams, "accept_burst": streams,
	"proxy_protocol": {TCP, HTTP}, "max_session": {TCP, UDP, QUIC, DTLS}, "conn_idle_timeout": web, "max_age": web,
	"min_receive_bytes_per_second": streams, "min_receive_grace": streams, "first_bytes_wait": {TCP},
	"http_versions": web, "read_header_timeout": web, "stall_timeout": web, "stream_timeout": web,
	"tunnel_timeout": web, "max_header_bytes": web, "forwarding": web, "via": web, "upgrades": web,
	"connect_to": web, "alt_svc": web, "max_sessions": {UDP}, "max_sessions_per_source": {UDP}, "on_full": {UDP},
	"queue": {UDP}, "queue_bytes": {UDP}, "max_bytes": {UDP}, "backlog": {UDP}, "quic": {QUIC, HTTP3}, "dtls": {DTLS},
}

// in says whether a protocol is one of a group.
func (p Protocol) in(group []Protocol) bool { return slices.Contains(group, p) }

// network returns what a listener of the protocol listens on where the file does
// not say it.
func (p Protocol) network() string {
	if p.in(streams) {
		return "tcp"
	}
	return "udp"
}

// listensOn says whether a listener of the protocol can use a network.
func (p Protocol) listensOn(network string) bool {
	a := Address{Network: network}
	switch p {
	case TCP:
		return a.protocol() != "udp"
	case HTTP:
		return a.streams()
	case HTTP3:
		return a.protocol() == "tcp"
	}
	return a.protocol() == "udp"
}

// needsTLS says whether the protocol has no form without.
func (p Protocol) needsTLS() bool { return p == HTTP3 || p == QUIC || p == DTLS }

// carries says whether what is dialled can carry the protocol.
func (u *Upstream) carries(p Protocol) bool {
	a := Address{Network: u.network()}
	switch p {
	case UDP, DTLS:
		return a.protocol() == "udp" && !u.entry.GetHttp3()
	case HTTP, HTTP3:
		return a.streams() || u.entry.GetHttp3()
	}
	return a.protocol() != "udp"
}
