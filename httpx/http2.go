package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
)

// HTTP2Config describes a round tripper that speaks nothing but HTTP/2. Its
// fields are those of the Transport of golang.org/x/net/http2, which is no longer
// recommended: they are mapped onto [http.Transport], whose HTTP/2 is the same
// code. Those that are not in this table have the same name there.
//
//	HTTP2Config                 of http.Transport
//	AllowHTTP                   Protocols.UnencryptedHTTP2
//	TLS                         TLSClientConfig
//	MaxHeaderListSize           MaxResponseHeaderBytes, and 320 on the wire
//	MaxReadFrameSize            HTTP2.MaxReadFrameSize
//	MaxDecoderHeaderTableSize   HTTP2.MaxDecoderHeaderTableSize
//	MaxEncoderHeaderTableSize   HTTP2.MaxEncoderHeaderTableSize
//	StrictMaxConcurrentStreams  none: see there
//	ReadIdleTimeout             HTTP2.SendPingTimeout
//	PingTimeout                 HTTP2.PingTimeout
//	WriteByteTimeout            HTTP2.WriteByteTimeout
//	MaxReceiveBuffer...         HTTP2.MaxReceiveBuffer...
//
// Unless it says otherwise, a zero field means the default named in its docs,
// a negative one is an error.
type HTTP2Config struct {
	// Dialer, DialContext, DialTimeout, TLS, TLSHandshakeTimeout, ResponseHeaderTimeout,
	// ExpectContinueTimeout, IdleConnTimeout, DisableCompression are those of TransportConfig.
	Dialer      Dialer
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	TLS         *tls.Config

	DialTimeout           time.Duration
	TLSHandshakeTimeout   time.Duration
	ResponseHeaderTimeout time.Duration
	ExpectContinueTimeout time.Duration
	IdleConnTimeout       time.Duration
	DisableCompression    bool

	// AllowHTTP allows http: HTTP/2 in clear text with prior knowledge (h2c). Without it
	// requests for http are errors.
	AllowHTTP bool

	// MaxHeaderListSize is how long the header of a response may be, with 32 bytes for each field
	// (SETTINGS_MAX_HEADER_LIST_SIZE, which is sent with 320 more). 0 means
	// DefaultMaxResponseHeaderBytes; at most 4 GiB - 1.
	MaxHeaderListSize int64

	// MaxReadFrameSize is the largest frame that is taken (SETTINGS_MAX_FRAME_SIZE), from 16 KiB to 16 MiB - 1. A
	// conn keeps a buffer of the largest one it met. 0 means DefaultMaxReadFrameSize: with it and
	// the windows of this package a download had 1.04 to 1.17 of the speed that it has with net/http's 16 KiB, and
	// 0.84 to 0.94 of the CPU time; 1 MiB was no better.
	MaxReadFrameSize int

	// MaxDecoderHeaderTableSize is the table by which headers are read
	// (SETTINGS_HEADER_TABLE_SIZE), MaxEncoderHeaderTableSize the limit of that
	// by which they are sent. 0 means 4096; less than 4 MiB.
	MaxDecoderHeaderTableSize, MaxEncoderHeaderTableSize int

	// MaxReceiveBufferPerStream is how much of a response may arrive before it is
	// read, MaxReceiveBufferPerConnection how much of all responses of a conn: the windows of flow
	// control, and so the bound of its memory, which is the lesser of the conn's and the stream's times the
	// number of requests; only what nobody reads fills it. 0 means
	// DefaultMaxReceiveBufferPerStream and DefaultMaxReceiveBufferPerConnection; at most 1 GiB,
	// and at least 64 KiB for a conn. On loopback 1 MiB for a stream is as fast; with 100 ms of
	// round trip it allows 10 MB/s where 4 MiB allow 40. A window of the conn that is less than all
	// streams' lets responses that nobody reads stop all others: 1 MiB and 256 MiB
	// bound 256 requests to a quarter of the default.
	MaxReceiveBufferPerStream, MaxReceiveBufferPerConnection int

	// StrictMaxConcurrentStreams keeps a host to one conn: requests wait when it has as many as
	// the peer allows, and there is another conn only when that one ended or takes no new
	// requests (GOAWAY). Without it there is one more conn. Requests go one at a time until the peer has
	// answered the first one, or is seen to have said how many it allows, for 2 s at most. The round
	// tripper counts by itself: in net/http requests that wait count as streams, so that none of
	// them may ever be sent (HTTP2.StrictMaxConcurrentRequests, go.dev/issue/70809, Go 1.26). Beyond 1024
	// hosts with a conn the one that was used least recently is forgotten: its requests end normally.
	StrictMaxConcurrentStreams bool

	// ReadIdleTimeout is after how much silence the peer is sent a ping. 0 means
	// DefaultSendPingTimeout, negative never: then nobody notices a path that is gone, and
	// each request on its conn fails at its own timeout. Servers may dislike pings that are more frequent than they
	// need (gRPC's: 5 minutes).
	ReadIdleTimeout time.Duration

	// PingTimeout is how long the answer may take before the conn is closed, and its
	// requests fail. 0 means DefaultPingTimeout.
	PingTimeout time.Duration

	// WriteByteTimeout is how long a write may go on without a byte sent before the conn is
	// closed. 0 means as long as the pings find the peer alive.
	WriteByteTimeout time.Duration
}

// NewHTTP2Transport makes a round tripper that speaks HTTP/2 and nothing else;
// nil is the zero HTTP2Config. A target that only speaks HTTP/1.1 is an error,
// and its conn is closed. The round tripper has a CloseIdleConnections, so
// that [http.Client.CloseIdleConnections] works. Its errors are those of NewTransport, with the names of fields as here.
func NewHTTP2Transport(cfg *HTTP2Config) (http.RoundTripper, error) {
	if cfg == nil {
		cfg = &HTTP2Config{}
	}
	t, errs := newTransport(cfg.transport())
	if len(errs) > 0 {
		return nil, errors.Join(renamed(errs)...)
	}
	if cfg.StrictMaxConcurrentStreams {
		return newStrict(t), nil
	}
	return t, nil
}

// transport says the same to NewTransport.
func (c *HTTP2Config) transport() *TransportConfig {
	p := new(http.Protocols)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(c.AllowHTTP)
	return &TransportConfig{
		Dialer:                 c.Dialer,
		DialContext:            c.DialContext,
		TLS:                    c.TLS,
		Protocols:              p,
		DialTimeout:            c.DialTimeout,
		TLSHandshakeTimeout:    c.TLSHandshakeTimeout,
		ResponseHeaderTimeout:  c.ResponseHeaderTimeout,
		ExpectContinueTimeout:  c.ExpectContinueTimeout,
		IdleConnTimeout:        c.IdleConnTimeout,
		DisableCompression:     c.DisableCompression,
		MaxResponseHeaderBytes: c.MaxHeaderListSize,
		HTTP2: &http.HTTP2Config{
			MaxReadFrameSize:              c.MaxReadFrameSize,
			MaxDecoderHeaderTableSize:     c.MaxDecoderHeaderTableSize,
			MaxEncoderHeaderTableSize:     c.MaxEncoderHeaderTableSize,
			MaxReceiveBufferPerStream:     c.MaxReceiveBufferPerStream,
			MaxReceiveBufferPerConnection: c.MaxReceiveBufferPerConnection,
			SendPingTimeout:               c.ReadIdleTimeout,
			PingTimeout:                   c.PingTimeout,
			WriteByteTimeout:              c.WriteByteTimeout,
		},
	}
}

// renamed calls the fields as HTTP2Config does.
func renamed(errs problems) problems {
	for _, err := range errs {
		e := err.(*Error) //nolint:errorlint // add makes them
		if e.Field = strings.TrimPrefix(e.Field, "HTTP2."); e.Field == "MaxResponseHeaderBytes" {
			e.Field = "MaxHeaderListSize"
		}
	}
	return errs
}
