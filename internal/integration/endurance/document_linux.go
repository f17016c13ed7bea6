package main

import (
	"fmt"
	"time"
)

// A document is what of the gateway's configuration changes while it runs.
type document struct {
	idle  int    // seconds; another one makes each listener another one
	other bool   // the route of tcp leads to another port of its upstream
	added bool   // there is a listener more
	short bool   // times are those of a short run
	bad   string // what makes the document wrong; empty: nothing
}

// drain is how long the gateway lets sessions of a changed listener go on.
func (d document) drain() time.Duration {
	if d.short {
		return 500 * time.Millisecond
	}
	return 2 * time.Second
}

// idleUDP is how long the gateway remembers a client of UDP, which says no goodbye.
func (d document) idleUDP() time.Duration {
	if d.short {
		return time.Duration(d.idle) * 30 * time.Millisecond
	}
	return time.Duration(d.idle) * 100 * time.Millisecond
}

// text is the document, for certificates in a folder.
func (d document) text(dir string) string {
	bytes := "first-bytes"
	if d.other {
		bytes = "first-other"
	}
	extra := ""
	if d.added {
		extra = fmt.Sprintf(`
  - {name: added, address: "tcp://%s:7099", routes: [{upstream: first-bytes}]}`, gatewayHost)
	}
	return fmt.Sprintf(`drain: %[8]v
upstreams:
  - {name: first-bytes, address: "tcp://%[1]s:7001"}
  - {name: first-other, address: "tcp://%[1]s:7011"}
  - {name: first-web, address: "tcp://%[1]s:7002"}
  - {name: first-datagrams, address: "udp://%[1]s:7004"}
  - {name: second-bytes, address: "tcp://%[2]s:7001"}
  - name: second-web
    address: "tcp://%[2]s:7003"
    http_versions: [http2]
    tls: {roots: {from: [{file: %[4]s/roots.pem}]}, reload: {interval: 1s}}
  - {name: second-datagrams, address: "udp://%[2]s:7004"}
listeners:
  - {name: tcp, address: "tcp://%[3]s:7001", idle_timeout: %[5]ds, max_conns: 1000, routes: [{upstream: %[6]s}]}
  - {name: tls, address: "tcp://%[3]s:7002", idle_timeout: %[5]ds, tls: &own {certificates: [{chain: {file: %[4]s/gateway.pem}, key: {file: %[4]s/gateway.key}}], reload: {interval: 1s}}, routes: [{upstream: second-bytes}]}
  - {name: udp, address: "udp://%[3]s:7004", protocol: udp, idle_timeout: %[10]v, max_sessions: 1000, routes: [{upstream: first-datagrams}]}
  - {name: quic, address: "udp://%[3]s:7005", protocol: quic, idle_timeout: %[5]ds, tls: {certificates: [{chain: {file: %[4]s/gateway.pem}, key: {file: %[4]s/gateway.key}}], reload: {interval: 1s}, alpn: [frames]}, routes: [{upstream: second-bytes}]}
  - {name: dtls, address: "udp://%[3]s:7006", protocol: dtls, idle_timeout: %[5]ds, tls: *own, routes: [{upstream: second-datagrams}]}
  - {name: http, address: "tcp://%[3]s:7080", protocol: http, idle_timeout: %[5]ds, routes: [{upstream: first-web}]}
  - name: https
    address: "tcp://%[3]s:7443"
    protocol: http3
    idle_timeout: %[5]ds
    tls: *own
    routes: [{upstream: first-web, path: /http3}, {upstream: second-web, path: /http2}]%[7]s
%[9]s
`, firstUpstream, secondUpstream, gatewayHost, dir, d.idle, bytes, extra, d.drain(), d.bad, d.idleUDP())
}
