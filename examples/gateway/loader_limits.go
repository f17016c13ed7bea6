package main

import (
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/strata-net/strata/listener"
)

// ruleKeys say which peers are admitted. Every protocol has them.
func (l *loader) ruleKeys(n *Listener) fields {
	return fields{
		"allow":        func(v value) { n.prefixes("Allow", v) },
		"deny":         func(v value) { n.prefixes("Deny", v) },
		"allow_file":   func(v value) { l.prefixFile(n, "Allow", v) },
		"deny_file":    func(v value) { l.prefixFile(n, "Deny", v) },
		"source_bits4": n.origins.from("SourceBits4", set(&n.Net.SourceBits4, parseCount)),
		"source_bits6": n.origins.from("SourceBits6", set(&n.Net.SourceBits6, parseCount)),
	}
}

// limitKeys bound the conns of a listener of package listener.
func (n *Listener) limitKeys() fields {
	from, c := n.origins.from, &n.Net
	return fields{
		"max_conns":            n.key(from("MaxConns", set(&c.MaxConns, parseCount)), TCP, HTTP),
		"over_limit":           n.key(note(&n.overAt, set(&c.OverLimit, overLimits.parse)), TCP, HTTP),
		"max_conns_per_source": n.key(from("MaxConnsPerSource", set(&c.MaxConnsPerSource, parseCount)), TCP, HTTP),
		"accept_rate":          n.key(from("AcceptRate", set(&c.AcceptRate, parseRate)), TCP, HTTP),
		"accept_burst":         n.key(from("AcceptBurst", set(&c.AcceptBurst, parseCount)), TCP, HTTP),
		"max_handshakes":       n.key(from("MaxHandshakes", set(&c.MaxHandshakes, parseCount)), TCP, HTTP),
		"conn_idle_timeout":    n.key(from("IdleTimeout", set(&c.IdleTimeout, parseTimeout)), HTTP),
		"max_age":              n.key(from("MaxAge", set(&c.MaxAge, parseTimeout)), HTTP),
		"min_receive_rate":     n.key(from("MinReceiveRate", set(&c.MinReceiveRate, parseBytes)), TCP, HTTP),
		"min_receive_grace":    n.key(from("MinReceiveGrace", set(&c.MinReceiveGrace, parseTimeout)), TCP, HTTP),
		"proxy_protocol":       n.key(n.proxyProtocol, TCP, HTTP),
	}
}

// proxyProtocol takes who may announce clients with a PROXY header, and how.
func (n *Listener) proxyProtocol(v value) {
	p := &listener.ProxyProtocol{}
	n.Net.ProxyProtocol = p
	from := func(field string, take func(value)) func(value) {
		return n.origins.from("ProxyProtocol."+field, take)
	}
	prefixes := func(field string, dst *[]netip.Prefix) func(value) {
		return from(field, func(v value) {
			elements(v.oneOrMore(), n.origins, "ProxyProtocol."+field, dst, parsePrefix)
		})
	}
	n.origins["ProxyProtocol.Trusted"] = v.at().key("trusted") // if it is not there
	v.mapping(fields{
		"trusted":        prefixes("Trusted", &p.Trusted),
		"allow":          prefixes("Allow", &p.Allow),
		"header_timeout": from("HeaderTimeout", set(&p.HeaderTimeout, parseTimeout)),
		"untrusted":      from("Untrusted", set(&p.Untrusted, untrusted.parse)),
		"max_header":     from("MaxHeader", set(&p.MaxHeader, parseBytes)),
	})
}

// untrusted are the words for what becomes of who may not announce.
var untrusted = words[listener.Untrusted]{{"refuse", listener.RefuseUntrusted}, {"direct", listener.DirectUntrusted}}

// overLimits are the words for what becomes of a client above a limit.
var overLimits = words[listener.OverLimit]{{"wait", listener.Wait}, {"refuse", listener.Refuse}}

// rules returns the list of a field.
func (n *Listener) rules(field string) *[]netip.Prefix {
	if field == "Allow" {
		return &n.Net.Allow
	}
	return &n.Net.Deny
}

// prefixes takes prefixes and addresses.
func (n *Listener) prefixes(field string, v value) {
	n.origins[field] = v.at()
	elements(v.oneOrMore(), n.origins, field, n.rules(field), parsePrefix)
}

// What a file of prefixes can hold, and how many of its problems are told.
const (
	maxPrefixFile     = 64 << 20 // bytes
	maxPrefixProblems = 20
)

// prefixFile takes the name of a file with a prefix in each line. What follows a
// # is a comment.
func (l *loader) prefixFile(n *Listener, field string, v value) {
	if _, ok := n.origins[field]; !ok {
		n.origins[field] = v.at()
	}
	name, ok := parsed(v, l.existing)
	if !ok {
		return
	}
	data, err := readBounded(name, maxPrefixFile)
	if err != nil {
		v.addf("%w", err)
		return
	}
	list, bad, number := n.rules(field), 0, 0
	for line := range strings.Lines(string(data)) {
		number++
		text, _, _ := strings.Cut(line, "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		p, err := parsePrefix(text)
		if err == nil {
			*list = append(*list, p)
			continue
		}
		if bad++; bad <= maxPrefixProblems {
			v.addf("%s:%d: %w", name, number, err)
		}
	}
	if bad > maxPrefixProblems {
		v.addf("%s: %d more lines are wrong", name, bad-maxPrefixProblems)
	}
}

// parsePrefix reads a prefix, or an address that stands for itself alone.
func parsePrefix(s string) (netip.Prefix, error) {
	p, err := listener.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("want a prefix such as 10.0.0.0/8, or an address, got %q: %w", s, reason(err))
	}
	return p, nil
}

// readBounded returns what is in a file, if it is not too long.
func readBounded(name string, most int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > most {
		return nil, fmt.Errorf("%s is longer than %d bytes", name, most)
	}
	return os.ReadFile(name)
}
