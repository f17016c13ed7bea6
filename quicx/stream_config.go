package quicx

import (
	"errors"
	"strconv"
	"time"

	"github.com/quic-go/quic-go"
)

const (
	// DefaultStreamIdleTimeout is used when StreamConfig.IdleTimeout is zero.
	DefaultStreamIdleTimeout = 30 * time.Second
	// DefaultStreamLinger is used when StreamConfig.Linger is zero.
	DefaultStreamLinger = 5 * time.Second
)

// StreamConfig describes a [StreamDialer] or a [StreamListener]; nil is the zero
// value. Constructors take copies and never change it.
type StreamConfig struct {
	// Announce makes the dialer send one byte (0) as soon as a stream is open,
	// and the listener take it off again. QUIC shows a stream to the peer no
	// sooner than with its first frame, and quic-go sends none before there is
	// data: without the byte a protocol in which the listener's side speaks
	// first hangs, because Accept does not return before the dialer has
	// written. Both sides must agree on it; false is what every other QUIC
	// program understands. The listener's Read fails when the byte is another.
	Announce bool

	// CloseCode is the application's error code that Close and CloseRead send
	// with STOP_SENDING, from 0 to 2^62-1.
	CloseCode quic.StreamErrorCode

	// Timeout limits a dial of the dialer: the handshake, and waiting for a
	// stream that the peer's limit allows. 0 means no limit but the context's,
	// and that of the Dialer for the handshake. Negative is an error.
	Timeout time.Duration

	// IdleTimeout is how long the dialer keeps a QUIC conn without streams. It
	// starts when the last stream is closed, which may be before its data has
	// arrived: a very short one cuts that off. 0 means
	// DefaultStreamIdleTimeout. Negative is an error. The conn's own
	// quic.Config.MaxIdleTimeout may end it sooner.
	IdleTimeout time.Duration

	// MaxConnsPerAddress is how many QUIC conns the dialer opens to one
	// address. A further one is dialled when the streams that the peer allows
	// (quic.Config.MaxIncomingStreams there) are in use on all. With that many,
	// dials wait for a stream to end. 0 means 1. Negative is an error.
	MaxConnsPerAddress int

	// MaxStreamsPerConn is how many accepted streams of one QUIC conn may be
	// open (not yet closed by us) in the listener. Further ones wait, and the peer's
	// quic-go waits when there are quic.Config.MaxIncomingStreams (100 if
	// that is 0). 0 means that limit only. Negative is an error.
	MaxStreamsPerConn int

	// Linger is how long a QUIC conn lives after its last stream was closed
	// when there are to be no more: in the listener after Close, in the
	// dialer when the peer refuses more. QUIC drops what is on its way when a
	// conn ends, and quic-go does not tell when all has arrived. 0 means
	// DefaultStreamLinger. Negative is an error.
	Linger time.Duration

	_ [0]func() // not comparable, so that fields can be added
}

// Check says what [NewStreamDialer] and [NewStreamListener] would say of the
// configuration. nil is the zero StreamConfig.
func (c *StreamConfig) Check() error {
	var p problems
	c.settled(&p)
	return p.err()
}

// settled returns a checked copy in which defaults are filled in.
func (c *StreamConfig) settled(p *problems) StreamConfig {
	if c == nil {
		c = &StreamConfig{}
	}
	n := *c
	if n.CloseCode > maxCode {
		p.add("CloseCode", strconv.FormatUint(uint64(n.CloseCode), 10), errors.New("must not be above 2^62-1"))
	}
	p.span("Timeout", n.Timeout)
	p.span("IdleTimeout", n.IdleTimeout)
	p.span("Linger", n.Linger)
	p.natural("MaxConnsPerAddress", n.MaxConnsPerAddress)
	p.natural("MaxStreamsPerConn", n.MaxStreamsPerConn)
	zero(&n.IdleTimeout, DefaultStreamIdleTimeout)
	zero(&n.Linger, DefaultStreamLinger)
	n.MaxConnsPerAddress = max(n.MaxConnsPerAddress, 1)
	return n
}
