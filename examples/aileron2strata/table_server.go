package main

import (
	"go.yaml.in/yaml/v4"
)

func serverRows() []row {
	return []row{
		{field: "errorHandler", note: "is for the program that serves", sample: "{kind: X}", rule: nothing},
		{field: "addr", ours: "listeners", note: "address of the listener, unless httpConfig.listenConfig has one; empty: :8080", sample: `":8443"`, always: true, rule: serverAddress},
		{field: "shutdownTimeout", ours: "drain_timeout", note: "s; 0: 30 s on both sides", sample: "10", rule: duration(sec, "")},
		{field: "httpConfig", ours: "(its fields)", note: "see HTTPConfig", sample: "{maxHeaderBytes: 4096}", always: true, rule: spread("HTTPConfig")},
		{field: "http2Config", ours: "http2", note: "see HTTP2Config", sample: "{maxConcurrentStreams: 10}", rule: spread("HTTP2Config")},
		{field: "http3Config", ours: "HTTP3ServerConfig", note: "a document of its own, see HTTP3Config", sample: "{tlsConfig: {certKeyPairs: [{certFile: a, keyFile: b}]}}", rule: server3},
		{field: "middleware", note: "is for the program that serves", sample: "[{kind: X}]", rule: nothing},
		{field: "virtualHosts", note: "is for the program that serves", sample: "[{}]", rule: nothing},
		{field: "profile", note: "is for the program that serves", sample: "{enable: true}", rule: nothing},
		{field: "expvar", note: "is for the program that serves", sample: "{enable: true}", rule: nothing},
	}
}

func httpRows() []row {
	return []row{
		{field: "enableGeneralOptionsHandler", note: "is for the program that serves", sample: "true", rule: ifTrue(nothing)},
		{field: "readTimeout", note: "see stall_timeout, which bounds a lack of progress instead of the whole", sample: "30", rule: nothing},
		{field: "readHeaderTimeout", ours: "read_header_timeout", note: "s; 0: 30 s there", sample: "5", always: true, rule: duration(sec, "30s")},
		{field: "writeTimeout", note: "see stall_timeout, which bounds a lack of progress instead of the whole", sample: "30", rule: nothing},
		{field: "idleTimeout", ours: "idle_timeout", note: "s; 0: 10 s there", sample: "60", always: true, rule: duration(sec, "10s")},
		{field: "maxHeaderBytes", ours: "max_header_bytes", note: "0: 8192 there", sample: "16384", always: true, rule: orElse(8192)},
		{field: "disableKeepAlive", ours: "max_requests_per_conn", note: "true: 1", sample: "true", rule: ifTrue(set(int64(1)))},
		{field: "listenConfig", ours: "listeners", note: "the one listener; its address goes before addr of the server", sample: "{connectionLimit: 10}", rule: serverListener},
		{field: "altSvc", ours: "alt_svc", note: "here only while HTTP/3 is served", sample: `"h3=\":443\""`, rule: altSvc},
		{field: "allowHTTP2", ours: "protocols", note: "true: http1 and http2, else http1; h2c with enableH2C", sample: "true", always: true, rule: allowHTTP2},
	}
}

func http2Rows() []row {
	return []row{
		{field: "maxConcurrentStreams", ours: "http2.max_concurrent_streams", note: "0: 250 on both sides", sample: "100", rule: number},
		{field: "maxDecoderHeaderTableSize", ours: "http2.max_decoder_header_table_bytes", note: "0: 4096 on both sides", sample: "8192", rule: number},
		{field: "maxEncoderHeaderTableSize", ours: "http2.max_encoder_header_table_bytes", note: "0: 4096 on both sides", sample: "8192", rule: number},
		{field: "maxReadFrameSize", ours: "http2.max_read_frame_bytes", note: "0: the library's default there, 256 KiB here", sample: "32768", rule: number},
		{field: "permitProhibitedCipherSuites", ours: "http2.permit_prohibited_cipher_suites", sample: "true", rule: onOff},
		{field: "idleTimeout", note: "see idle_timeout of the server, which is for all versions", sample: "10", rule: nothing},
		{field: "maxUploadBufferPerConnection", ours: "http2.max_receive_buffer_per_connection_bytes", note: "0: the library's default there, 2 MiB here", sample: "1048576", rule: number},
		{field: "maxUploadBufferPerStream", ours: "http2.max_receive_buffer_per_stream_bytes", note: "0: the library's default there, 1 MiB here", sample: "524288", rule: number},
		{field: "enableH2C", ours: "protocols", note: "true adds h2c, by prior knowledge: the Upgrade header is ignored", sample: "true", rule: ifTrue(addProtocol("h2c"))},
		{field: "altSvc", ours: "alt_svc", note: "here only while HTTP/3 is served", sample: `"h3=\":443\""`, rule: altSvc},
	}
}

func http3Rows() []row {
	return []row{
		{field: "quicConfig", ours: "listen.quic", sample: "{maxIdleTimeout: 1000}", rule: part("QuicConfig")},
		{field: "tlsConfig", ours: "listen.tls", sample: "{certKeyPairs: [{certFile: a, keyFile: b}]}", rule: part("TLSConfig")},
		{field: "maxHeaderBytes", ours: "max_header_bytes", note: "0: 8192 there", sample: "16384", always: true, rule: orElse(8192)},
		{field: "altSvc", note: "is set by the server of HTTP/1 and HTTP/2: see alt_svc", sample: `"h3=\":443\""`, rule: nothing},
	}
}

// spread converts a part into the fields of the whole.
func spread(name string) rule {
	return func(c *conv, r row, v *yaml.Node) {
		if v == nil {
			v = &yaml.Node{Kind: yaml.MappingNode, Line: c.in.Line}
		}
		c.inside(name, v, c.path+"."+r.field, c.out)
	}
}

// set takes a fixed value.
func set(value any) rule {
	return func(c *conv, r row, _ *yaml.Node) { c.out.set(r.ours, value) }
}

func addProtocol(name string) rule {
	return func(c *conv, r row, _ *yaml.Node) {
		old, _ := c.out.get(r.ours).([]any)
		c.out.set(r.ours, append(old, name))
	}
}

func address(in *yaml.Node) string {
	if s := text(field(in, "addr")); s != "" {
		return s
	}
	return ":8080"
}

// serverAddress makes the listener, to which listenConfig adds.
func serverAddress(c *conv, r row, _ *yaml.Node) {
	l := newObject()
	l.set("address", address(c.in))
	c.out.set(r.ours, []any{l})
}

func serverListener(c *conv, r row, v *yaml.Node) {
	l := newObject()
	if !c.inside("ListenConfig", v, c.path+"."+r.field, l) {
		return
	}
	if all, ok := c.out.get("listeners").([]any); ok && l.get("address") == nil {
		l.set("address", all[0].(*object).get("address"))
	}
	c.out.set(r.ours, []any{l})
}

func server3(c *conv, r row, v *yaml.Node) {
	out := newObject()
	out.set("listen.address", address(c.in))
	if c.inside("HTTP3Config", v, c.path+"."+r.field, out) {
		*c.made = append(*c.made, output{message: "HTTP3ServerConfig", from: "HTTP3Config of " + c.path, line: v.Line, content: out})
	}
}

// altSvc is an error here without HTTP/3, which the program adds.
func altSvc(c *conv, r row, v *yaml.Node) {
	copied(c, r, v)
	c.notef(r, v, "needs a server of HTTP/3 in the same program, else it is an error")
}
