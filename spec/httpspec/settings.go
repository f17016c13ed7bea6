package httpspec

import (
	"net/http"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// clientSettings maps those of a transport; nil stays nil.
func clientSettings(p *build.Problems, m *specv1.HTTP2ClientSettings) *http.HTTP2Config {
	if m == nil {
		return nil
	}
	var own build.Problems
	n := &http.HTTP2Config{
		MaxDecoderHeaderTableSize:     build.Int[int](&own, "max_decoder_header_table_bytes", m.MaxDecoderHeaderTableBytes),
		MaxEncoderHeaderTableSize:     build.Int[int](&own, "max_encoder_header_table_bytes", m.MaxEncoderHeaderTableBytes),
		MaxReadFrameSize:              build.Int[int](&own, "max_read_frame_bytes", m.MaxReadFrameBytes),
		MaxReceiveBufferPerConnection: build.Int[int](&own, "max_receive_buffer_per_connection_bytes", m.MaxReceiveBufferPerConnectionBytes),
		MaxReceiveBufferPerStream:     build.Int[int](&own, "max_receive_buffer_per_stream_bytes", m.MaxReceiveBufferPerStreamBytes),
		SendPingTimeout:               own.Duration("send_ping_timeout", m.GetSendPingTimeout()),
		PingTimeout:                   own.Duration("ping_timeout", m.GetPingTimeout()),
		WriteByteTimeout:              own.Duration("write_byte_timeout", m.GetWriteByteTimeout()),
	}
	p.Nest("http2", own.Err())
	return n
}

// serverSettings maps those of a server; nil stays nil.
func serverSettings(p *build.Problems, m *specv1.HTTP2ServerSettings) *http.HTTP2Config {
	if m == nil {
		return nil
	}
	var own build.Problems
	n := &http.HTTP2Config{
		MaxConcurrentStreams:          build.Int[int](&own, "max_concurrent_streams", m.MaxConcurrentStreams),
		MaxDecoderHeaderTableSize:     build.Int[int](&own, "max_decoder_header_table_bytes", m.MaxDecoderHeaderTableBytes),
		MaxEncoderHeaderTableSize:     build.Int[int](&own, "max_encoder_header_table_bytes", m.MaxEncoderHeaderTableBytes),
		MaxReadFrameSize:              build.Int[int](&own, "max_read_frame_bytes", m.MaxReadFrameBytes),
		MaxReceiveBufferPerConnection: build.Int[int](&own, "max_receive_buffer_per_connection_bytes", m.MaxReceiveBufferPerConnectionBytes),
		MaxReceiveBufferPerStream:     build.Int[int](&own, "max_receive_buffer_per_stream_bytes", m.MaxReceiveBufferPerStreamBytes),
		SendPingTimeout:               own.Duration("send_ping_timeout", m.GetSendPingTimeout()),
		PingTimeout:                   own.Duration("ping_timeout", m.GetPingTimeout()),
		WriteByteTimeout:              own.Duration("write_byte_timeout", m.GetWriteByteTimeout()),
		PermitProhibitedCipherSuites:  m.GetPermitProhibitedCipherSuites(),
	}
	p.Nest("http2", own.Err())
	return n
}
