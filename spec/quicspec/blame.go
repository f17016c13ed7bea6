package quicspec

import (
	"fmt"
	"strings"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/quicbuild"
)

// fields are those whose names are not the Go field's in other letters.
var fields = map[string]string{
	"ReceiveBuffer":                       "receive_buffer_bytes",
	"SendBuffer":                          "send_buffer_bytes",
	"TLS.NextProtos":                      "tls.alpn",
	"QLog":                                "qlog",
	"QLog.Folder":                         "qlog.folder",
	"QLog.MaxBytes":                       "qlog.max_bytes",
	"QUIC.InitialPacketSize":              "quic.initial_packet_size_bytes",
	"QUIC.InitialStreamReceiveWindow":     "quic.initial_stream_receive_window_bytes",
	"QUIC.MaxStreamReceiveWindow":         "quic.max_stream_receive_window_bytes",
	"QUIC.InitialConnectionReceiveWindow": "quic.initial_connection_receive_window_bytes",
	"QUIC.MaxConnectionReceiveWindow":     "quic.max_connection_receive_window_bytes",
}

// rules are for a message whose part at prefix ("", "Dial" or "Listen") has the
// socket of m.
func rules(prefix string, m quicbuild.Socketed) *quicbuild.Rules {
	at := strings.ToLower(prefix)
	names := map[string]string{}
	for field, path := range fields {
		names[dot(prefix, field)] = spec.Join(at, path)
	}
	return &quicbuild.Rules{Names: names, Take: take(prefix), Option: quicbuild.Option(at, m)}
}

func dot(prefix, field string) string {
	if prefix == "" {
		return field
	}
	return prefix + "." + field
}

// take takes errors of quicx apart, whose fields are those of the part, and those
// of http3x.
func take(prefix string) func(error) (build.Blame, bool) {
	return func(err error) (build.Blame, bool) {
		if e, ok := build.Is[*http3x.Error](err); ok {
			return build.Blame{Field: setting(e.Field), Value: e.Value, Err: e.Err}, true
		}
		e, ok := build.Is[*quicx.Error](err)
		if !ok {
			return build.Blame{}, false
		}
		return build.Blame{Field: dot(prefix, e.Field), Value: e.Value, Err: e.Err}, true
	}
}

// setting turns "AdditionalSettings[0x33]" into "AdditionalSettings.51", which is
// how a document has the key.
func setting(field string) string {
	var id uint64
	if _, err := fmt.Sscanf(field, "AdditionalSettings[%v]", &id); err != nil {
		return field
	}
	return fmt.Sprintf("AdditionalSettings.%d", id)
}
