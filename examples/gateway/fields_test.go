package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"

	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// listenerFields are values for all fields of a listener, each with what it
// needs beside it: protocol, and other fields. FILE is one with a prefix, KEY one
// with a key.
var listenerFields = map[string][2]string{
	"name":                         {"tcp", "name: other"},
	"address":                      {"tcp", "address: 127.0.0.1:1"},
	"addresses":                    {"tcp", "addresses: [127.0.0.1:1]"},
	"protocol":                     {"http", ""},
	"routes":                       {"http", "routes: [{upstream: up, host: x}]"},
	"options":                      {"tcp", "options: {TCP_NODELAY: false}"},
	"prefer":                       {"tcp", "prefer: {TCP_NODELAY: false}"},
	"socket":                       {"tcp", "socket: {tcp: {nodelay: false}}"},
	"tls":                          {"tcp", "self_signed: [a] | tls: {min_version: 1.3}"},
	"self_signed":                  {"tcp", "self_signed: [a]"},
	"handshake_timeout":            {"tcp", "self_signed: [a] | handshake_timeout: 3s"},
	"max_handshakes":               {"tcp", "self_signed: [a] | max_handshakes: 3"},
	"unix_mode":                    {"tcp", "address: unix:///x | unix_mode: \"0600\""},
	"unix_owner":                   {"tcp", "address: unix:///x | unix_owner: {uid: 1}"},
	"shards":                       {"tcp", "shards: 2"},
	"steer_by_cpu":                 {"tcp", "shards: 2 | steer_by_cpu: true"},
	"multipath":                    {"tcp", "multipath: off"},
	"keep_alive":                   {"tcp", "keep_alive: {idle: 3s}"},
	"allow":                        {"tcp", "allow: [10.0.0.0/8]"},
	"deny":                         {"udp", "deny: [10.0.0.0/8]"},
	"allow_file":                   {"tcp", "allow_file: FILE"},
	"deny_file":                    {"quic", "deny_file: FILE"},
	"source_bits4":                 {"tcp", "source_bits4: 24"},
	"source_bits6":                 {"dtls", "source_bits6: 48"},
	"max_conns":                    {"quic", "max_conns: 3"},
	"max_conns_per_source":         {"dtls", "max_conns_per_source: 3"},
	"over_limit":                   {"tcp", "max_conns: 3 | over_limit: refuse"},
	"accept_rate":                  {"tcp", "accept_rate: 0.5"},
	"accept_burst":                 {"tcp", "accept_rate: 1 | accept_burst: 3"},
	"proxy_protocol":               {"tcp", "proxy_protocol: {trusted: [127.0.0.1]}"},
	"idle_timeout":                 {"dtls", "idle_timeout: 3s"},
	"max_session":                  {"udp", "max_session: 3s"},
	"conn_idle_timeout":            {"http", "conn_idle_timeout: 3s"},
	"max_age":                      {"http", "max_age: 3s"},
	"min_receive_bytes_per_second": {"http", "min_receive_bytes_per_second: 3"},
	"min_receive_grace":            {"http", "min_receive_bytes_per_second: 3 | min_receive_grace: 3s"},
	"first_bytes_wait":             {"tcp", "first_bytes_wait: 3s"},
	"http_versions":                {"http", "http_versions: [h2c]"},
	"read_header_timeout":          {"http", "read_header_timeout: 3s"},
	"stall_timeout":                {"http", "stall_timeout: 3s"},
	"stream_timeout":               {"http", "stream_timeout: 3s"},
	"tunnel_timeout":               {"http", "tunnel_timeout: 3s"},
	"max_header_bytes":             {"http", "max_header_bytes: 3000"},
	"forwarding":                   {"http", "forwarding: {mode: none}"},
	"via":                          {"http", "via: x"},
	"upgrades":                     {"http", "upgrades: [x]"},
	"connect_to":                   {"http", "connect_to: [\"a:1\"]"},
	"alt_svc":                      {"http", "self_signed: [a] | alt_svc: x"},
	"max_sessions":                 {"udp", "max_sessions: 3"},
	"max_sessions_per_source":      {"udp", "max_sessions_per_source: 3"},
	"on_full":                      {"udp", "on_full: evict_idle"},
	"queue":                        {"udp", "queue: 3"},
	"queue_bytes":                  {"udp", "queue_bytes: 3000"},
	"max_bytes":                    {"udp", "max_bytes: 3000000"},
	"backlog":                      {"udp", "backlog: 3"},
	"quic":                         {"quic", "quic: {early: true}"},
	"quic.retry":                   {"quic", "quic: {retry: always}"},
	"quic.max_incoming_streams":    {"http3", "quic: {max_incoming_streams: 3}"},
	"quic.early":                   {"http3", "quic: {early: true}"},
	"quic.stateless_reset_key":     {"quic", "quic: {stateless_reset_key: {file: KEY}}"},
	"quic.token_key":               {"quic", "quic: {token_key: {file: KEY}}"},
	"quic.options":                 {"http3", "quic: {options: {SO_RCVBUF: 9000}}"},
	"quic.prefer":                  {"http3", "quic: {prefer: {SO_RCVBUF: 9000}}"},
	"dtls":                         {"dtls", "dtls: {mtu_bytes: 999}"},
	"dtls.psk":                     {"dtls", "dtls: {psk: {text: \"me:00112233\"}}"},
	"dtls.psk_hint":                {"dtls", "dtls: {psk: {text: \"me:00112233\"}} | dtls: {psk: {text: \"me:00112233\"}, psk_hint: x}"},
	"dtls.connection_id":           {"dtls", "dtls: {connection_id: 3}"},
	"dtls.mtu_bytes":               {"dtls", "dtls: {mtu_bytes: 999}"},
}

// Every field of a listener reaches what is opened. One that is new fails here
// until it does.
func TestEveryFieldOfAListener(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	files := strings.NewReplacer("FILE", put("prefixes", "10.0.0.0/8\n"), "KEY", put("key", strings.Repeat("ab", 32)))
	known := map[string]bool{}
	var walk func(prefix string, d protoreflect.MessageDescriptor)
	walk = func(prefix string, d protoreflect.MessageDescriptor) {
		for i := range d.Fields().Len() {
			name := prefix + string(d.Fields().Get(i).Name())
			known[name] = true
			if name == "quic" || name == "dtls" {
				walk(name+".", d.Fields().Get(i).Message())
			}
			t.Run(name, func(t *testing.T) {
				field, ok := listenerFields[name]
				require.True(t, ok, "the table has no value")
				needs, with, several := strings.Cut(files.Replace(field[1]), " | ")
				if !several {
					needs, with = "", needs
				}
				without := described(t, field[0], needs)
				if name == "protocol" {
					without = described(t, "tcp", "")
				}
				if name != "protocol" {
					require.Equal(t, without, described(t, field[0], needs), "the same twice")
				}
				assert.NotEqual(t, without, described(t, field[0], needs+"\n"+with))
			})
		}
	}
	walk("", (&specv1.GatewayListener{}).ProtoReflect().Descriptor())
	for name := range listenerFields {
		assert.True(t, known[name], "%s is no field", name)
	}
}

// described returns what a listener is that has some fields.
func described(t *testing.T, protocol, fields string) string {
	t.Helper()
	set := map[string]string{"name": "name: x", "address": "address: 127.0.0.1:0", "routes": "routes: [{upstream: up}]", "protocol": "protocol: " + protocol}
	upstream := "echo: tcp"
	switch protocol {
	case "udp", "dtls":
		upstream = "echo: udp"
	case "http", "http3":
		upstream = "echo: http"
	}
	if protocol == "http3" || protocol == "quic" || protocol == "dtls" && !strings.Contains(fields, "psk") {
		set["self_signed"] = "self_signed: [a]"
	}
	if protocol == "quic" {
		set["tls"] = "tls: {alpn: [x]}"
	}
	for line := range strings.Lines(fields) {
		if key, _, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			set[key] = strings.TrimSpace(line)
		}
	}
	text := "upstreams: [{name: up, " + upstream + "}]\nlisteners:\n-"
	for _, line := range set {
		text += "  " + line + "\n "
	}
	cfg, err := Load("x.yaml", []byte(text), nil)
	require.NoError(t, err, text)
	n := cfg.Listeners[0]
	n.entry = nil
	var psk string
	if n.DTLS.PSK != nil {
		psk = fmt.Sprintf("%s %v", n.DTLS.PSK.Hint, n.DTLS.PSK.Key != nil)
		n.DTLS.PSK = nil
	}
	route := *n.Routes[0]
	route.Upstream = nil
	n.Routes = nil
	inside := fmt.Sprint(deref(n.TLS), deref(n.QUIC.QUIC), deref(n.Net.ProxyProtocol), deref(n.Net.UnixOwner))
	n.TLS, n.QUIC.QUIC, n.Net.ProxyProtocol, n.Net.UnixOwner = nil, nil, nil, nil // else it is their addresses
	return fmt.Sprintf("%+v %+v %s %s", n, route, psk, inside)
}

// deref shows what a pointer leads to.
func deref[T any](p *T) string {
	if p == nil {
		return "none"
	}
	return fmt.Sprintf("%+v", *p)
}
