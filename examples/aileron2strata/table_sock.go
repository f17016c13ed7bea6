package main

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"
)

func sockRows() []row {
	return []row{
		{field: "soOption", ours: "options", sample: "{debug: true}", rule: spread("SockSOOption")},
		{field: "ipOption", ours: "options", sample: "{ttl: 64}", rule: spread("SockIPOption")},
		{field: "ipv6Option", ours: "options", note: "it has no fields there", sample: "{}", rule: spread("SockIPV6Option")},
		{field: "tcpOption", ours: "options", sample: "{noDelay: true}", rule: spread("SockTCPOption")},
		{field: "udpOption", ours: "options", note: "has no effect on a listener of streams", sample: "{gro: true}", rule: udpOption},
	}
}

func sockSORows() []row {
	const blocking = "has no effect on conns of Go, which never block: see timeouts of the messages"
	return []row{
		{field: "bindToDevice", ours: "options.SO_BINDTODEVICE", sample: "lo", rule: copied},
		{field: "debug", ours: "options.SO_DEBUG", sample: "true", rule: option(true)},
		{field: "incomingCPU", ours: "options.SO_INCOMING_CPU", note: "true is CPU 1 there", sample: "true", rule: option(int64(1))},
		{field: "keepAlive", ours: "options.SO_KEEPALIVE", note: "Go sets it anyway: see keep_alive", sample: "true", rule: option(true)},
		{field: "linger", ours: "options.SO_LINGER", note: "s", sample: "5", rule: optionDuration(time.Second)},
		{field: "mark", ours: "options.SO_MARK", sample: "7", rule: positive},
		{field: "receiveBuffer", ours: "options.SO_RCVBUF", note: "bytes", sample: "65536", rule: positive},
		{field: "receiveBufferForce", ours: "options.SO_RCVBUFFORCE", note: "bytes", sample: "65536", rule: positive},
		{field: "receiveTimeout", note: blocking, sample: "1000", rule: nothing},
		{field: "sendTimeout", note: blocking, sample: "1000", rule: nothing},
		{field: "reuseAddr", ours: "options.SO_REUSEADDR", sample: "true", rule: option(true)},
		{field: "reusePort", ours: "options.SO_REUSEPORT", sample: "true", rule: option(true)},
		{field: "sendBuffer", ours: "options.SO_SNDBUF", note: "bytes", sample: "65536", rule: positive},
		{field: "sendBufferForce", ours: "options.SO_SNDBUFFORCE", note: "bytes", sample: "65536", rule: positive},
	}
}

func sockIPRows() []row {
	return []row{
		{field: "bindAddressNoPort", ours: "options.IP_BIND_ADDRESS_NO_PORT", sample: "true", rule: option(true)},
		{field: "freeBind", ours: "options.IP_FREEBIND", sample: "true", rule: option(true)},
		{field: "localPortRangeUpper", ours: "options.IP_LOCAL_PORT_RANGE", note: "both ends are one option", sample: "50000", rule: portRange},
		{field: "localPortRangeLower", ours: "options.IP_LOCAL_PORT_RANGE", note: "both ends are one option", sample: "40000", rule: portRange},
		{field: "transparent", ours: "options.IP_TRANSPARENT", sample: "true", rule: option(true)},
		{field: "ttl", ours: "options.IP_TTL", note: "of IPv4: see IPV6_UNICAST_HOPS", sample: "64", rule: positive},
	}
}

func sockTCPRows() []row {
	return []row{
		{field: "cork", ours: "options.TCP_CORK", sample: "true", rule: option(true)},
		{field: "deferAccept", ours: "options.TCP_DEFER_ACCEPT", note: "s", sample: "5", rule: optionDuration(time.Second)},
		{field: "keepCount", ours: "options.TCP_KEEPCNT", note: "there Go then overwrites it", sample: "5", rule: positive},
		{field: "keepIdle", ours: "options.TCP_KEEPIDLE", note: "s; there Go then overwrites it", sample: "30", rule: optionDuration(time.Second)},
		{field: "keepInterval", ours: "options.TCP_KEEPINTVL", note: "s; there Go then overwrites it", sample: "10", rule: optionDuration(time.Second)},
		{field: "linger2", ours: "options.TCP_LINGER2", note: "s; there it is 1 s whatever the value", sample: "10", rule: optionDuration(time.Second)},
		{field: "maxSegment", ours: "options.TCP_MAXSEG", note: "bytes", sample: "1400", rule: positive},
		{field: "noDelay", ours: "options.TCP_NODELAY", note: "Go sets it anyway", sample: "true", rule: option(true)},
		{field: "quickAck", ours: "options.TCP_QUICKACK", sample: "true", rule: option(true)},
		{field: "synCount", ours: "options.TCP_SYNCNT", sample: "3", rule: positive},
		{field: "userTimeout", ours: "options.TCP_USER_TIMEOUT", note: "ms", sample: "5000", rule: optionDuration(time.Millisecond)},
		{field: "windowClamp", ours: "options.TCP_WINDOW_CLAMP", note: "bytes", sample: "65536", rule: positive},
		{field: "fastOpen", ours: "options.TCP_FASTOPEN", note: "true is a queue of one there; 256 is more useful", sample: "true", rule: option(int64(1))},
		{field: "fastOpenConnect", ours: "options.TCP_FASTOPEN_CONNECT", sample: "true", rule: option(true)},
	}
}

func sockUDPRows() []row {
	return []row{
		{field: "cork", ours: "options.UDP_CORK", sample: "true", rule: option(true)},
		{field: "segment", ours: "options.UDP_SEGMENT", note: "bytes", sample: "1200", rule: positive},
		{field: "gro", ours: "options.UDP_GRO", sample: "true", rule: option(true)},
	}
}

// option sets a value for true. false is not set there.
func option(value any) rule {
	return func(c *conv, r row, v *yaml.Node) {
		b, ok := c.boolean(r, v)
		switch {
		case !ok:
		case b:
			c.out.set(r.ours, value)
		default:
			c.notef(r, v, "false is not set there: left out; here it could be said")
		}
	}
}

// optionDuration takes a number of units that is above 0.
func optionDuration(unit time.Duration) rule {
	return func(c *conv, r row, v *yaml.Node) {
		n, ok := c.integer(r, v)
		if ok && n <= 0 {
			c.notef(r, v, "%d is not set there: left out", n)
			return
		}
		if s, fits := c.units(r, v, n, unit); ok && fits {
			c.out.set(r.ours, s)
		}
	}
}

// portRange takes both ends at the first of them.
func portRange(c *conv, r row, v *yaml.Node) {
	if c.out.get(r.ours) != nil {
		return
	}
	ends := [2]int64{}
	for i, name := range []string{"localPortRangeLower", "localPortRangeUpper"} {
		if end := deref(field(c.in, name)); end != nil {
			n, ok := c.integer(r, end)
			if !ok {
				return
			}
			ends[i] = n
		}
	}
	if ends[0] <= 0 && ends[1] <= 0 {
		c.notef(r, v, "0 is not set there: left out")
		return
	}
	c.out.set(r.ours, fmt.Sprintf("%d-%d", ends[0], ends[1]))
}

// udpOption: listeners there apply none of UDP.
func udpOption(c *conv, r row, v *yaml.Node) {
	if c.stream {
		c.notef(r, v, "%s, there as here: left out", r.note)
		return
	}
	spread("SockUDPOption")(c, r, v)
}
