package main

import (
	"time"

	"go.yaml.in/yaml/v4"
)

const (
	ms  = time.Millisecond
	sec = time.Second
)

func transportRows() []row {
	return []row{
		{field: "tlsConfig", ours: "tls", note: "not used if dialConfig has one", sample: "{serverName: a.example}", rule: outerTLS},
		{field: "tlsHandshakeTimeout", ours: "tls_handshake_timeout", note: "ms; 0: none there, 10s here", sample: "5000", rule: duration(ms, "")},
		{field: "disableKeepAlives", ours: "disable_keep_alives", sample: "true", rule: onOff},
		{field: "disableCompression", ours: "disable_compression", sample: "true", rule: onOff},
		{field: "maxIdleConns", ours: "max_idle_conns", note: "0: no bound there, -1 here", sample: "10", always: true, rule: idle(orElse(-1))},
		{field: "maxIdleConnsPerHost", ours: "max_idle_conns_per_host", note: "0: 1024 there, unless maxIdleConns is less", sample: "10", always: true, rule: idle(perHost)},
		{field: "maxConnsPerHost", ours: "max_conns_per_host", note: "0: no bound on both sides", sample: "10", rule: number},
		{field: "idleConnTimeout", ours: "idle_conn_timeout", note: "ms; 0: none there, -1s here", sample: "60000", always: true, rule: idle(duration(ms, "-1s"))},
		{field: "responseHeaderTimeout", ours: "response_header_timeout", note: "ms; 0: none there, -1s here", sample: "3000", always: true, rule: duration(ms, "-1s")},
		{field: "expectContinueTimeout", ours: "expect_continue_timeout", note: "ms; 0: the body is sent at once there, -1s here", sample: "1000", always: true, rule: duration(ms, "-1s")},
		{field: "proxyConnectHeaders", ours: "proxy_connect_header", sample: "{X-From: gateway}", rule: stringMap},
		{field: "maxResponseHeaderBytes", ours: "max_response_header_bytes", note: "0: about 1 MiB on both sides", sample: "65536", rule: number},
		{field: "writeBufferSize", ours: "write_buffer_bytes", note: "0: 4 KiB on both sides", sample: "8192", rule: number},
		{field: "readBufferSize", ours: "read_buffer_bytes", note: "0: 4 KiB on both sides", sample: "8192", rule: number},
		{field: "allowHTTP2", ours: "protocols", note: "true: http1 and http2, else http1", sample: "true", always: true, rule: allowHTTP2},
		{field: "dialConfig", ours: "dial", note: "its tlsConfig becomes tls here, which is used for https alone; proxies come from the environment in any case: proxy_from_environment", sample: "{timeout: 1000}", always: true, rule: dialOfTransport(true)},
	}
}

func transport2Rows() []row {
	return []row{
		{field: "tlsConfig", ours: "tls", note: "not used if dialConfig has one", sample: "{serverName: a.example}", rule: outerTLS},
		{field: "disableCompression", ours: "disable_compression", sample: "true", rule: onOff},
		{field: "allowHTTP", ours: "allow_http", note: "here http is HTTP/2 in clear text", sample: "true", rule: onOff},
		{field: "maxHeaderListSize", ours: "max_header_list_bytes", note: "0: 10 MiB there", sample: "65536", always: true, rule: orElse(10 << 20)},
		{field: "maxReadFrameSize", ours: "max_read_frame_bytes", note: "0: 16 KiB there", sample: "32768", always: true, rule: orElse(16 << 10)},
		{field: "maxDecoderHeaderTableSize", ours: "max_decoder_header_table_bytes", note: "0: 4096 on both sides", sample: "8192", rule: number},
		{field: "maxEncoderHeaderTableSize", ours: "max_encoder_header_table_bytes", note: "0: 4096 on both sides", sample: "8192", rule: number},
		{field: "strictMaxConcurrentStreams", ours: "strict_max_concurrent_streams", sample: "true", rule: onOff},
		{field: "idleConnTimeout", ours: "idle_conn_timeout", note: "ms; 0: none there, -1s here", sample: "60000", always: true, rule: duration(ms, "-1s")},
		{field: "readIdleTimeout", ours: "read_idle_timeout", note: "ms; 0: no pings there, -1s here. Without pings nobody notices a path that is gone", sample: "15000", always: true, rule: duration(ms, "-1s")},
		{field: "pingTimeout", ours: "ping_timeout", note: "ms; 0: 15 s there; needs readIdleTimeout", sample: "5000", always: true, rule: pingTimeout},
		{field: "writeByteTimeout", ours: "write_byte_timeout", note: "ms; 0: none there, here as long as pings find the peer alive", sample: "5000", rule: duration(ms, "")},
		{field: "dialConfig", ours: "dial", note: "its tlsConfig becomes tls here", sample: "{timeout: 1000}", always: true, rule: dialOfTransport(false)},
		{field: "multiIPConnPool", note: "see HTTPPoolConfig, a client of its own that spreads requests over all addresses of a name", sample: "true", rule: ifTrue(nothing)},
		{field: "minLookupInterval", note: "see refresh_interval of HTTPPoolConfig", sample: "2000", rule: nothing},
	}
}

func transport3Rows() []row {
	return []row{
		{field: "tlsConfig", ours: "dial.tls", sample: "{serverName: a.example}", rule: part("TLSConfig")},
		{field: "quicConfig", ours: "dial.quic", sample: "{maxIdleTimeout: 1000}", rule: part("QuicConfig")},
		{field: "disableCompression", ours: "disable_compression", sample: "true", rule: onOff},
		{field: "enableDatagrams", ours: "enable_datagrams", sample: "true", rule: onOff},
		{field: "maxResponseHeaderBytes", ours: "max_response_header_bytes", note: "0: the library's default on both sides", sample: "65536", rule: number},
	}
}

func clientRows() []row {
	return []row{
		{field: "tripperwares", note: "is for the program that uses the transport", sample: "[{kind: X}]", rule: nothing},
		{field: "retryConfig", ours: "HTTPRetryConfig", note: "a document of its own", sample: "{maxRetry: 2}", rule: own("RetryConfig", "HTTPRetryConfig")},
		{field: "httpTransportConfig", ours: "HTTPTransportConfig", note: "a document of its own", sample: "{allowHTTP2: true}", rule: own("HTTPTransportConfig", "HTTPTransportConfig")},
		{field: "http2TransportConfig", ours: "HTTP2TransportConfig", note: "a document of its own", sample: "{allowHTTP: true}", rule: own("HTTP2TransportConfig", "HTTP2TransportConfig")},
		{field: "http3TransportConfig", ours: "HTTP3TransportConfig", note: "a document of its own", sample: "{enableDatagrams: true}", rule: own("HTTP3TransportConfig", "HTTP3TransportConfig")},
	}
}

func retryRows() []row {
	return []row{
		{field: "maxRetry", ours: "attempts", note: "here with the first one: one more; 0: 1 there", sample: "3", always: true, rule: attempts},
		{field: "waiter", note: "see backoff and max_backoff: waits double, and are random below that", sample: "{}", rule: nothing},
		{field: "maxContentLength", ours: "max_body_bytes", note: "0: 1 MiB there", sample: "65536", always: true, rule: orElse(1 << 20)},
		{field: "retryStatusCodes", ours: "statuses.codes", note: "empty: none there; here requests must be safe to repeat", sample: "[503]", always: true, rule: statuses},
	}
}

// own makes a document of a part.
func own(name, ours string) rule {
	return func(c *conv, r row, v *yaml.Node) {
		m, _ := lookup(name)
		out := newObject()
		if c.inside(name, v, c.path+"."+r.field, out) {
			*c.made = append(*c.made, output{message: ours, from: m.name + " of " + c.path, line: v.Line, content: out})
		}
	}
}

// outerTLS is not used there if the dialer has its own.
func outerTLS(c *conv, r row, v *yaml.Node) {
	if deref(field(deref(field(c.in, "dialConfig")), "tlsConfig")) != nil {
		c.notef(r, v, "has no effect beside dialConfig.tlsConfig, there as here: left out")
		return
	}
	part("TLSConfig")(c, r, v)
}

// dialOfTransport: our transports decide on TLS by the scheme, so that their dialers
// have none.
func dialOfTransport(proxies bool) rule {
	return func(c *conv, r row, v *yaml.Node) {
		if proxies {
			c.out.set("proxy_from_environment", true)
		}
		c.out.set("dial_timeout", "-1s") // there is none but that of dialConfig
		if v == nil {
			return
		}
		inner := newObject()
		if !c.inside("DialConfig", v, c.path+"."+r.field, inner) {
			return
		}
		if t := inner.get("tls"); t != nil {
			inner.drop("tls")
			c.out.set("tls", t)
			c.notef(r, v, "its tlsConfig becomes tls, which is used for https alone: http is never sent TLS here")
		}
		c.out.set(r.ours, inner)
	}
}

// idle leaves out what bounds idle conns if none are kept.
func idle(inner rule) rule {
	return func(c *conv, r row, v *yaml.Node) {
		if text(field(c.in, "disableKeepAlives")) != "true" {
			inner(c, r, v)
		} else if v != nil {
			c.notef(r, v, "has no effect with disableKeepAlives: left out")
		}
	}
}

func perHost(c *conv, r row, v *yaml.Node) {
	bound, _ := c.out.get("max_idle_conns").(int64)
	if v == nil && bound > 0 && bound < 1024 {
		c.out.set(r.ours, bound)
		return
	}
	orElse(1024)(c, r, v)
}

func allowHTTP2(c *conv, r row, v *yaml.Node) {
	protocols := []any{"http1"}
	if v != nil {
		b, ok := c.boolean(r, v)
		if !ok {
			return
		}
		if b {
			protocols = append(protocols, "http2")
		}
	}
	c.out.set(r.ours, protocols)
}

func pingTimeout(c *conv, r row, v *yaml.Node) {
	if c.out.get("read_idle_timeout") != "-1s" {
		duration(ms, "15s")(c, r, v)
	} else if v != nil {
		c.notef(r, v, "has no effect without readIdleTimeout: left out")
	}
}

// ifTrue applies a rule to true; false says nothing.
func ifTrue(inner rule) rule {
	return func(c *conv, r row, v *yaml.Node) {
		if b, ok := c.boolean(r, v); ok && b {
			inner(c, r, v)
		}
	}
}

func stringMap(c *conv, r row, v *yaml.Node) {
	if v.Kind != yaml.MappingNode {
		c.lostf(r, v, "is not a mapping")
		return
	}
	all := newObject()
	for i := 0; i+1 < len(v.Content); i += 2 {
		if s, ok := c.scalar(r, deref(v.Content[i+1])); ok {
			all.keys = append(all.keys, v.Content[i].Value)
			all.values[v.Content[i].Value] = s
		}
	}
	if len(all.keys) > 0 {
		c.out.set(r.ours, all)
	}
}

func attempts(c *conv, r row, v *yaml.Node) {
	n, ok := int64(0), true
	if v != nil {
		n, ok = c.integer(r, v)
	}
	if n == 0 {
		n = 1
	}
	switch {
	case !ok:
	case n < 0 || n > 99:
		c.lostf(r, v, "%d is not from 0 to 99", n)
	default:
		c.out.set(r.ours, n+1)
	}
}

func statuses(c *conv, r row, v *yaml.Node) {
	codes := []any{}
	if v != nil {
		for _, s := range c.texts(r, v) {
			n, ok := c.integer(r, &yaml.Node{Kind: yaml.ScalarNode, Value: s, Line: v.Line})
			switch {
			case !ok:
			case n < 400 || n > 599:
				c.lostf(r, v, "%d: only statuses from 400 to 599 are tried again", n)
			default:
				codes = append(codes, n)
			}
		}
	}
	c.out.set(r.ours, codes)
}
