package httpx

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// What net/http puts on the wire as it is; anything else it would replace
// by a default without a word. Its docs say 4 MiB for receive buffers, its code
// takes what RFC 9113 allows.
const (
	maxHeaderTable   = 4<<20 - 1
	minFrameSize     = 16 << 10
	maxFrameSize     = 1<<24 - 1
	minConnWindow    = 64 << 10
	maxReceiveBuffer = 1 << 30
)

// checkClientHTTP2 finds what net/http would not use.
func checkClientHTTP2(p *problems, h *http.HTTP2Config) {
	checkRangeOrZero(p, "HTTP2.MaxDecoderHeaderTableSize", h.MaxDecoderHeaderTableSize, 1, maxHeaderTable)
	checkRangeOrZero(p, "HTTP2.MaxEncoderHeaderTableSize", h.MaxEncoderHeaderTableSize, 1, maxHeaderTable)
	checkRangeOrZero(p, "HTTP2.MaxReadFrameSize", h.MaxReadFrameSize, minFrameSize, maxFrameSize)
	checkRangeOrZero(p, "HTTP2.MaxReceiveBufferPerConnection", h.MaxReceiveBufferPerConnection, minConnWindow, maxReceiveBuffer)
	checkRangeOrZero(p, "HTTP2.MaxReceiveBufferPerStream", h.MaxReceiveBufferPerStream, 1, maxReceiveBuffer)
	checkNotNegative(p, "HTTP2.PingTimeout", h.PingTimeout)
	checkNotNegative(p, "HTTP2.WriteByteTimeout", h.WriteByteTimeout)
	if h.SendPingTimeout < 0 && h.PingTimeout > 0 {
		p.add("HTTP2.PingTimeout", h.PingTimeout.String(), errors.New("no ping is sent"))
	}
	if h.StrictMaxConcurrentRequests {
		p.add("HTTP2.StrictMaxConcurrentRequests", "true", fmt.Errorf("requests above the limit of net/http would "+
			"wait for each other for ever (go.dev/issue/70809): %w", errors.ErrUnsupported))
	}
	if h.MaxConcurrentStreams != 0 {
		p.add("HTTP2.MaxConcurrentStreams", strconv.Itoa(h.MaxConcurrentStreams), errors.New("it is for servers"))
	}
	if h.PermitProhibitedCipherSuites {
		p.add("HTTP2.PermitProhibitedCipherSuites", "true", errors.New("it is for servers; net/http's client takes what TLS chose"))
	}
	if h.CountError != nil {
		p.add("HTTP2.CountError", "", fmt.Errorf("net/http's transport does not call it: %w", errors.ErrUnsupported))
	}
}

// clientHTTP2 returns a copy with all defaults filled in.
func clientHTTP2(h *http.HTTP2Config) *http.HTTP2Config {
	n := &http.HTTP2Config{}
	if h != nil {
		*n = *h
	}
	n.MaxReadFrameSize = cmp.Or(n.MaxReadFrameSize, DefaultMaxReadFrameSize)
	n.MaxReceiveBufferPerStream = cmp.Or(n.MaxReceiveBufferPerStream, DefaultMaxReceiveBufferPerStream)
	n.MaxReceiveBufferPerConnection = cmp.Or(n.MaxReceiveBufferPerConnection, DefaultMaxReceiveBufferPerConnection)
	n.SendPingTimeout = limit(n.SendPingTimeout, DefaultSendPingTimeout)
	n.PingTimeout = limit(n.PingTimeout, DefaultPingTimeout)
	return n
}
