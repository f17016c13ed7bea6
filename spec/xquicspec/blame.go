package xquicspec

import (
	"github.com/strata-net/strata/quicx/xquic"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/quicbuild"
)

// fields are those whose names are not the Go field's in other letters.
var fields = map[string]string{
	"ReceiveBuffer":                 "receive_buffer_bytes",
	"SendBuffer":                    "send_buffer_bytes",
	"TLS.NextProtos":                "tls.alpn",
	"QUIC.MaxStreamReadBufferSize":  "quic.max_stream_read_buffer_size_bytes",
	"QUIC.MaxStreamWriteBufferSize": "quic.max_stream_write_buffer_size_bytes",
	"QUIC.MaxConnReadBufferSize":    "quic.max_conn_read_buffer_size_bytes",
}

// rules are for a message with a socket.
func rules(m quicbuild.Socketed) *quicbuild.Rules {
	return &quicbuild.Rules{Names: fields, Take: take, Option: quicbuild.Option("", m)}
}

// take takes errors of xquic apart.
func take(err error) (build.Blame, bool) {
	e, ok := build.Is[*xquic.Error](err)
	if !ok {
		return build.Blame{}, false
	}
	return build.Blame{Field: e.Field, Value: e.Value, Err: e.Err}, true
}
