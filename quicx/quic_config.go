package quicx

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// What the fields of QUIC are when they are zero. Those that are not here keep the meaning of their zero.
const (
	DefaultHandshakeIdleTimeout = 5 * time.Second
	DefaultMaxIdleTimeout       = 30 * time.Second

	DefaultInitialStreamReceiveWindow     = 512 << 10 // bytes
	DefaultMaxStreamReceiveWindow         = 6 << 20   // bytes; never below the initial one
	DefaultInitialConnectionReceiveWindow = 512 << 10 // bytes
	DefaultMaxConnectionReceiveWindow     = 15 << 20  // bytes; never below the initial one

	DefaultMaxIncomingStreams    = 100
	DefaultMaxIncomingUniStreams = 100

	// DefaultInitialPacketSize, in bytes without the headers of IP and UDP,
	// fits paths that carry 1,280, the least for IPv6 (RFC 8200, section 5).
	// quic-go's own, 1,280, does not: there its handshakes run out of time.
	// Path MTU discovery finds what is larger.
	DefaultInitialPacketSize = 1280 - 40 - 8
)

const (
	maxStreams    = 1 << 60 // RFC 9000, section 4.6
	minPacketSize = 1200    // RFC 9000, section 14
	maxPacketSize = 1452    // quic-go's buffers
)

// A side is one of the two ends of a conn.
type side uint8

const (
	dialing side = iota
	listening
)

// prepareQUIC returns a copy with all defaults filled in, and notes every field that quic-go would refuse, cut,
// misunderstand or ignore. A nil config is the zero one.
func prepareQUIC(p *problems, config *quic.Config, s side) *quic.Config {
	c := &quic.Config{}
	if config != nil {
		c = config.Clone()
		c.Versions = slices.Clone(c.Versions)
	}
	checkSide(p, c, s)
	checkVersions(p, c.Versions)
	checkTimes(p, c)
	checkWindows(p, c)
	checkStreams(p, "MaxIncomingStreams", c.MaxIncomingStreams)
	checkStreams(p, "MaxIncomingUniStreams", c.MaxIncomingUniStreams)
	checkPacketSize(p, c.InitialPacketSize)
	fill(c)
	if get := c.GetConfigForClient; get != nil && s == listening {
		c.GetConfigForClient = checked(get, c)
	}
	return c
}

// fill sets the fields that are zero.
func fill(c *quic.Config) {
	if len(c.Versions) == 0 {
		c.Versions = quic.SupportedVersions()
	}
	zero(&c.HandshakeIdleTimeout, DefaultHandshakeIdleTimeout)
	zero(&c.MaxIdleTimeout, DefaultMaxIdleTimeout)
	zero(&c.InitialStreamReceiveWindow, DefaultInitialStreamReceiveWindow)
	zero(&c.MaxStreamReceiveWindow, max(DefaultMaxStreamReceiveWindow, c.InitialStreamReceiveWindow))
	zero(&c.InitialConnectionReceiveWindow, DefaultInitialConnectionReceiveWindow)
	zero(&c.MaxConnectionReceiveWindow, max(DefaultMaxConnectionReceiveWindow, c.InitialConnectionReceiveWindow))
	zero(&c.InitialPacketSize, DefaultInitialPacketSize)
	zero(&c.MaxIncomingStreams, DefaultMaxIncomingStreams)
	zero(&c.MaxIncomingUniStreams, DefaultMaxIncomingUniStreams)
}

// zero gives a field its default.
func zero[T comparable](field *T, value T) {
	var none T
	if *field == none {
		*field = value
	}
}

// checkSide finds what only the other side knows.
func checkSide(p *problems, c *quic.Config, s side) {
	set := func(field string, is bool, of side, who string) {
		if is && s != of {
			p.add("QUIC."+field, "", errors.New("is for "+who+" only"))
		}
	}
	set("TokenStore", c.TokenStore != nil, dialing, "dialers")
	set("Allow0RTT", c.Allow0RTT, listening, "listeners")
	set("GetConfigForClient", c.GetConfigForClient != nil, listening, "listeners")
}

// checkVersions knows what quic-go speaks.
func checkVersions(p *problems, versions []quic.Version) {
	known := quic.SupportedVersions()
	for i, v := range versions {
		field := fmt.Sprintf("QUIC.Versions[%d]", i)
		switch {
		case !slices.Contains(known, v):
			p.add(field, v.String(), fmt.Errorf("allowed: %v", known))
		case slices.Contains(versions[:i], v):
			p.add(field, v.String(), errors.New("is there twice"))
		}
	}
}

func checkTimes(p *problems, c *quic.Config) {
	atMost := func(field string, d, limit time.Duration) bool {
		var err error
		switch {
		case d < 0:
			err = errNegative
		case d > limit:
			err = fmt.Errorf("must be at most %v", limit)
		}
		p.add("QUIC."+field, d.String(), err)
		return err == nil
	}
	// Twice of it limits the whole handshake.
	atMost("HandshakeIdleTimeout", c.HandshakeIdleTimeout, math.MaxInt64/2)
	idle := c.MaxIdleTimeout
	if atMost("MaxIdleTimeout", idle, math.MaxInt64) && idle > 0 && idle < time.Millisecond {
		// The peer gets it in whole milliseconds, and takes 0 for none.
		p.add("QUIC.MaxIdleTimeout", idle.String(), errors.New("must be at least 1ms"))
	}
	zero(&idle, DefaultMaxIdleTimeout)
	if atMost("KeepAlivePeriod", c.KeepAlivePeriod, math.MaxInt64) && c.KeepAlivePeriod > idle/2 {
		p.add("QUIC.KeepAlivePeriod", c.KeepAlivePeriod.String(),
			fmt.Errorf("must be at most %v, half of MaxIdleTimeout", idle/2))
	}
}

func checkWindows(p *problems, c *quic.Config) {
	for _, w := range []struct {
		name         string
		initial, max uint64
	}{
		{"Stream", c.InitialStreamReceiveWindow, c.MaxStreamReceiveWindow},
		{"Connection", c.InitialConnectionReceiveWindow, c.MaxConnectionReceiveWindow},
	} {
		checkWindow(p, "QUIC.Initial"+w.name+"ReceiveWindow", w.initial)
		checkWindow(p, "QUIC.Max"+w.name+"ReceiveWindow", w.max)
		initial := w.initial
		zero(&initial, DefaultInitialStreamReceiveWindow)
		if w.max != 0 && initial > w.max {
			p.add("QUIC.Max"+w.name+"ReceiveWindow", strconv.FormatUint(w.max, 10),
				fmt.Errorf("must be at least %d bytes, what it is initially", initial))
		}
	}
}

func checkWindow(p *problems, field string, n uint64) {
	if n > quicvarint.Max {
		p.add(field, strconv.FormatUint(n, 10), fmt.Errorf("must be at most %d bytes", uint64(quicvarint.Max)))
	}
}

func checkStreams(p *problems, field string, n int64) {
	if n < -1 || n > maxStreams {
		p.add("QUIC."+field, strconv.FormatInt(n, 10), errors.New("must be from 0 (the default) to 2^60, or -1 for none"))
	}
}

func checkPacketSize(p *problems, n uint16) {
	if n != 0 && (n < minPacketSize || n > maxPacketSize) {
		p.add("QUIC.InitialPacketSize", strconv.Itoa(int(n)),
			fmt.Errorf("must be 0 (the default) or from %d to %d bytes", minPacketSize, maxPacketSize))
	}
}

// A configGetter is quic.Config.GetConfigForClient.
type configGetter func(*quic.ClientInfo) (*quic.Config, error)

// checked makes one that refuses a client for whom a bad config was returned, and takes nil for the listener's own.
func checked(get configGetter, own *quic.Config) configGetter {
	return func(info *quic.ClientInfo) (*quic.Config, error) {
		c, err := get(info)
		if err != nil {
			return nil, err
		}
		if c == nil {
			return own, nil
		}
		var p problems
		c = prepareQUIC(&p, c, listening)
		if c.Tracer == nil {
			c.Tracer = own.Tracer
		}
		return c, p.err()
	}
}
