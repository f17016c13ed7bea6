package httpspec

import (
	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/spec/internal/build"
)

// names are the paths of httpx's fields that are called otherwise here.
var names = map[string]string{
	"ReadBufferSize":  "read_buffer_bytes",
	"WriteBufferSize": "write_buffer_bytes",

	"HTTP2.MaxDecoderHeaderTableSize":     "http2.max_decoder_header_table_bytes",
	"HTTP2.MaxEncoderHeaderTableSize":     "http2.max_encoder_header_table_bytes",
	"HTTP2.MaxReadFrameSize":              "http2.max_read_frame_bytes",
	"HTTP2.MaxReceiveBufferPerConnection": "http2.max_receive_buffer_per_connection_bytes",
	"HTTP2.MaxReceiveBufferPerStream":     "http2.max_receive_buffer_per_stream_bytes",

	"MaxHeaderListSize":             "max_header_list_bytes",
	"MaxDecoderHeaderTableSize":     "max_decoder_header_table_bytes",
	"MaxEncoderHeaderTableSize":     "max_encoder_header_table_bytes",
	"MaxReadFrameSize":              "max_read_frame_bytes",
	"MaxReceiveBufferPerConnection": "max_receive_buffer_per_connection_bytes",
	"MaxReceiveBufferPerStream":     "max_receive_buffer_per_stream_bytes",

	"TLS.NextProtos":      "tls.alpn",
	"ProxyTLS.NextProtos": "proxy_tls.alpn",

	"MaxBody":  "max_body_bytes",
	"Statuses": "statuses.codes",
	"Upgrades": "upgrades.protocols",
}

// blame takes an error of httpx apart.
func blame(err error) (build.Blame, bool) {
	e, ok := build.Is[*httpx.Error](err)
	if !ok {
		return build.Blame{}, false
	}
	return build.Blame{Field: e.Field, Value: e.Value, Err: e.Err}, true
}
