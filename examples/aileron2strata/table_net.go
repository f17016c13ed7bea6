package main

import (
	"net/netip"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strata-net/strata/dialer"
)

func dialRows() []row {
	return []row{
		{field: "tlsConfig", ours: "tls", sample: "{serverName: a.example}", rule: part("TLSConfig")},
		{field: "localNetwork", ours: "local_addr", note: "its scheme", sample: "tcp", rule: localNetwork},
		{field: "localAddress", ours: "local_addr", note: "with or without scheme", sample: `"tcp://127.0.0.1:0"`, rule: localAddress},
		{field: "replaceTargets", ours: "rewrites", note: "one hop here, whatever the order; there each rule saw what the one before had made", sample: `["(tcp|example.com:80) (unix|/run/x.sock)"]`, rule: rewrites},
		{field: "timeout", ours: "timeout", note: "ms; 0: none on both sides", sample: "1000", rule: duration(ms, "")},
		{field: "fallbackDelay", ours: "fallback_delay", note: "ms; 0: 300 ms on both sides", sample: "100", rule: duration(ms, "")},
		{field: "sockOption", ours: "options", note: "see SockOption", sample: "{soOption: {reuseAddr: true}}", rule: spread("SockOption")},
	}
}

func listenRows() []row {
	return []row{
		{field: "tlsConfig", ours: "tls", sample: "{certKeyPairs: [{certFile: a, keyFile: b}]}", rule: part("TLSConfig")},
		{field: "network", ours: "address", note: "its scheme", sample: "tcp4", rule: listenNetwork},
		{field: "addr", ours: "address", note: "with or without scheme", sample: `"127.0.0.1:8080"`, rule: listenAddress},
		{field: "connectionLimit", ours: "max_conns", note: "0 and below: no bound", sample: "100", rule: positive},
		{field: "networks", ours: "allow", note: "deny with blacklist; ports in it are lost", sample: "[10.0.0.0/8]", rule: networks},
		{field: "blacklist", ours: "deny", note: "networks are those to deny", sample: "true", rule: blacklist},
		{field: "readDeadline", note: "is one moment for the whole conn there: see idle_timeout, which moves with traffic, and max_age", sample: "1000", rule: nothing},
		{field: "writeDeadline", note: "is one moment for the whole conn there: see idle_timeout, which moves with traffic, and max_age", sample: "1000", rule: nothing},
		{field: "keepAliveConfig", ours: "keep_alive", sample: "{idle: 10}", rule: keepAlive},
		{field: "sockOption", ours: "options", note: "see SockOption", sample: "{soOption: {reuseAddr: true}}", rule: streamOptions},
	}
}

func keepAliveRows() []row {
	return []row{
		{field: "disable", ours: "enable", note: "true: enable is false", sample: "true", always: true, rule: keepAliveOff},
		{field: "idle", ours: "idle", note: "s; 0: 15 s on both sides", sample: "10", rule: duration(sec, "")},
		{field: "interval", ours: "interval", note: "s; 0: 15 s on both sides", sample: "5", rule: duration(sec, "")},
		{field: "count", ours: "count", note: "0: 9 on both sides", sample: "3", rule: number},
	}
}

// withScheme puts a network in front of an address that has none.
func withScheme(network, address string) string {
	if strings.Contains(address, "://") || network == "" || address == "" {
		return address
	}
	return network + "://" + address
}

func localNetwork(c *conv, r row, v *yaml.Node) {
	if text(field(c.in, "localAddress")) == "" {
		c.notef(r, v, "has no effect without localAddress, there as here: left out")
		return
	}
	c.out.set(r.ours, withScheme(text(v), text(field(c.in, "localAddress"))))
}

func localAddress(c *conv, r row, v *yaml.Node) {
	s, ok := c.scalar(r, v)
	switch {
	case !ok || s == "":
	case text(field(c.in, "localNetwork")) == "" && !strings.Contains(s, "://"):
		c.out.set(r.ours, s)
		c.notef(r, v, "had no effect in versions with localNetwork, which is not set")
	default:
		c.out.set(r.ours, withScheme(text(field(c.in, "localNetwork")), s))
	}
}

func rewrites(c *conv, r row, v *yaml.Node) {
	var all []any
	for _, s := range c.texts(r, v) {
		if _, err := dialer.ParseRewrite(s); err != nil {
			c.lostf(r, v, "%v", err)
			continue
		}
		all = append(all, s)
	}
	if len(all) > 0 {
		c.out.set(r.ours, all)
	}
}

func listenNetwork(c *conv, r row, v *yaml.Node) {
	s := text(v)
	switch {
	case strings.HasPrefix(s, "udp"):
		c.lostf(r, v, "%s: a listener of datagrams with TLS is a DTLSListenConfig", s)
	case s == "unixpacket":
		c.lostf(r, v, "unixpacket: only streams are listened to")
	case text(field(c.in, "addr")) == "":
		c.out.set(r.ours, s+"://:0")
	}
}

func listenAddress(c *conv, r row, v *yaml.Node) {
	if s, ok := c.scalar(r, v); ok && s != "" {
		c.out.set(r.ours, withScheme(text(field(c.in, "network")), s))
	}
}

// positive takes a bound that is none there unless it is above 0.
func positive(c *conv, r row, v *yaml.Node) {
	n, ok := c.integer(r, v)
	switch {
	case !ok:
	case n > 0:
		c.out.set(r.ours, n)
	default:
		c.notef(r, v, "%d is not set there: left out", n)
	}
}

// networks are for allow or deny, and may have ports there.
func networks(c *conv, r row, v *yaml.Node) {
	if text(field(c.in, "blacklist")) == "true" {
		r.ours = "deny"
	}
	var all []any
	for _, s := range c.texts(r, v) {
		_, err := netip.ParsePrefix(s)
		if _, e := netip.ParseAddr(s); err != nil && e != nil {
			c.lostf(r, v, "%q is not a prefix or an address; ports of peers are no rule here", s)
			continue
		}
		all = append(all, s)
	}
	if len(all) > 0 {
		c.out.set(r.ours, all)
	}
}

// blacklist is seen by networks.
func blacklist(c *conv, r row, v *yaml.Node) {
	b, ok := c.boolean(r, v)
	if ok && b && field(c.in, "networks") == nil {
		c.notef(r, v, "has no effect without networks, there as here: left out")
	}
}

func streamOptions(c *conv, r row, v *yaml.Node) {
	c.stream = true
	defer func() { c.stream = false }()
	spread("SockOption")(c, r, v)
}

func keepAlive(c *conv, r row, v *yaml.Node) {
	inner := newObject()
	if !c.inside("KeepAliveConfig", v, c.path+"."+r.field, inner) {
		return
	}
	if inner.get("enable") == false {
		off := newObject()
		off.set("enable", false)
		inner = off
	}
	c.out.set(r.ours, inner)
}

func keepAliveOff(c *conv, r row, v *yaml.Node) {
	off := false
	if v != nil {
		var ok bool
		if off, ok = c.boolean(r, v); !ok {
			return
		}
	}
	c.out.set(r.ours, !off)
}
