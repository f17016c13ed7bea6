package tunx

import (
	"fmt"
	"maps"
	"net/netip"
	"strconv"
	"time"
)

// Defaults of a [SessionConfig].
const (
	// DefaultMaxSessions bounds the sessions of all sources.
	DefaultMaxSessions = 16384
	// DefaultMaxPerSource bounds those of one address.
	DefaultMaxPerSource = 4096
	// DefaultWriteIdle is the least that RFC 4787 (REQ-5) lets a NAT have.
	DefaultWriteIdle = 2 * time.Minute
	// DefaultDNSIdle is for sessions that have spoken to port 53 only.
	DefaultDNSIdle = 10 * time.Second
	// DefaultQueueBytes bounds what waits in one session.
	DefaultQueueBytes = 256 << 10
	// DefaultMaxQueuedBytes bounds what waits in all of them.
	DefaultMaxQueuedBytes = 16 << 20
)

// SessionConfig is how [Sessions] behave. Its zero value can be used.
type SessionConfig struct {
	// MaxSessions bounds the sessions that are open. 0 means [DefaultMaxSessions].
	MaxSessions int

	// MaxPerSource bounds those of one local address, whatever its ports. 0 means
	// [DefaultMaxPerSource], or MaxSessions where that is less.
	MaxPerSource int

	// AtLimit says who gives way when one of the two is reached. The zero value is
	// [EvictIdle].
	AtLimit LimitPolicy

	// WriteIdle is for how long a session may be without a request, before it ends.
	// 0 means [DefaultWriteIdle].
	WriteIdle time.Duration

	// ReadIdle is for how long it may be without an answer. 0 means without a bound.
	ReadIdle time.Duration

	// IdleByPort is the WriteIdle of sessions by the remote ports that they have sent to:
	// of several the longest one counts. nil is 10 s for port 53.
	IdleByPort map[uint16]time.Duration

	// Mapping says which requests share a session. The zero value is
	// [EndpointIndependent].
	Mapping Mapping

	// QueueBytes bounds the memory of the requests that wait in one session, MaxQueuedBytes
	// in all. What is above is dropped and counted. 0 means [DefaultQueueBytes] and
	// [DefaultMaxQueuedBytes]; at least 64 KiB.
	QueueBytes, MaxQueuedBytes int

	// OnOpen is called when the proxy has opened a session, OnClose when one ends, also if
	// it never was open, with the cause: [ErrSessionIdle], [ErrSessionLimit],
	// [ErrSessionEnded], [ErrClosed], or the error of NewSession. They hold up that session
	// only. nil means not.
	OnOpen  func(SessionInfo)
	OnClose func(info SessionInfo, cause error)

	// Unreachable is called when nobody listens at a remote port that local has sent to:
	// the proxy said [ErrPortUnreachable]. nil means not.
	Unreachable func(local, remote netip.AddrPort)

	// OnFailure is called when a request of local to remote was not sent, with the error of
	// the proxy: that of WriteTo, or of NewSession for the requests that waited for it. It is
	// not called for what Unreachable is for, nor for a session that was closed meanwhile. It
	// holds up that session only. nil means not.
	OnFailure func(local, remote netip.AddrPort, cause error)
}

// Mapping is a NAT's mapping behaviour (RFC 4787, section 4.1), and the filtering that goes
// with it.
type Mapping uint8

const (
	// EndpointIndependent has one session for a local address and port, and takes answers
	// from everywhere: a full-cone NAT.
	EndpointIndependent Mapping = iota
	// Symmetric has one session for each pair of a local and a remote address and port, and
	// takes answers from that remote one only.
	Symmetric
)

// String returns "endpoint-independent" or "symmetric".
func (m Mapping) String() string {
	return name(uint8(m), "Mapping", "endpoint-independent", "symmetric")
}

// LimitPolicy says what happens when there are too many sessions.
type LimitPolicy uint8

const (
	// EvictIdle ends the session that is without traffic for longest, of those that count
	// for the limit.
	EvictIdle LimitPolicy = iota
	// RefuseNew lets no new one begin: its requests are answered with [ErrSessionLimit].
	RefuseNew
)

// String returns "evict-idle" or "refuse-new".
func (p LimitPolicy) String() string {
	return name(uint8(p), "LimitPolicy", "evict-idle", "refuse-new")
}

func name(i uint8, kind string, names ...string) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", kind, i)
}

// Check returns what [NewSessions] would say about the config: nil, or an error that joins
// an [*Error] for each bad field. It changes nothing.
func (c *SessionConfig) Check() error {
	var p problems
	if c == nil {
		return nil
	}
	for _, f := range []struct {
		name         string
		value, least int
	}{
		{"MaxSessions", c.MaxSessions, 1},
		{"MaxPerSource", c.MaxPerSource, 1},
		{"QueueBytes", c.QueueBytes, largeSize},
		{"MaxQueuedBytes", c.MaxQueuedBytes, largeSize},
	} {
		if f.value != 0 && f.value < f.least {
			p.add(f.name, strconv.Itoa(f.value), fmt.Errorf("must be at least %d, or 0 for the default", f.least))
		}
	}
	for name, d := range map[string]time.Duration{"WriteIdle": c.WriteIdle, "ReadIdle": c.ReadIdle} {
		if d < 0 {
			p.add(name, d.String(), errNegative)
		}
	}
	for port, d := range c.IdleByPort {
		if d <= 0 {
			p.add(fmt.Sprintf("IdleByPort[%d]", port), d.String(), errPositive)
		}
	}
	if c.Mapping > Symmetric {
		p.add("Mapping", c.Mapping.String(), errUnknown)
	}
	if c.AtLimit > RefuseNew {
		p.add("AtLimit", c.AtLimit.String(), errUnknown)
	}
	return p.err()
}

// clone returns a copy with the defaults in the place of zeros.
func (c *SessionConfig) clone() SessionConfig {
	var n SessionConfig
	if c != nil {
		n = *c
	}
	setDefault(&n.MaxSessions, DefaultMaxSessions)
	setDefault(&n.MaxPerSource, min(DefaultMaxPerSource, n.MaxSessions))
	setDefault(&n.WriteIdle, DefaultWriteIdle)
	setDefault(&n.QueueBytes, DefaultQueueBytes)
	setDefault(&n.MaxQueuedBytes, DefaultMaxQueuedBytes)
	n.IdleByPort = maps.Clone(n.IdleByPort)
	if n.IdleByPort == nil {
		n.IdleByPort = map[uint16]time.Duration{53: DefaultDNSIdle}
	}
	return n
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
