package dialer

import (
	"context"
	"net"
	"time"
)

// Event is what [Config.OnEvent] is told of a dial. Each dial has two: a DialBegun
// and, when it returns, a DialDone.
type Event struct {
	Kind EventKind
	// Context is the caller's, so that what is made of the event belongs to what the
	// caller does: the span of a dial is a child of the one in it.
	Context context.Context //nolint:containedctx // it is an argument of a call
	// Network and Address are what the caller asked for.
	Network, Address string
	// Start is when the dial began.
	Start time.Time

	// The rest is of DialDone alone.

	// Duration is how long it took.
	Duration time.Duration
	// Local and Remote are the ends of the conn, nil without one.
	Local, Remote net.Addr
	// Steps are what the dial did, in the order in which it began each.
	Steps []Step
	// Err is what the caller gets, nil with a conn.
	Err error
}

// Step is a part of a dial. Those of a race overlap.
type Step struct {
	Kind StepKind
	// Address is the host that was resolved, the address that was tried, the
	// host:port of the proxy, or the dialled address for the handshake.
	Address string
	// Start is when it began, Duration how long it took.
	Start    time.Time
	Duration time.Duration
	// Won says that the dial went on with the conn of this StepConnect.
	Won bool
	// Err is why it failed. It is context.Canceled for an attempt that was in
	// progress when another one won.
	Err error
}

// EventKind is what happened.
type EventKind uint8

// The kinds of events.
const (
	_         EventKind = iota
	DialBegun           // nothing was done yet
	DialDone            // a conn or an error is there
)

// String returns the kind in words: "dial done".
func (k EventKind) String() string { return word([]string{"", "dial begun", "dial done"}, int(k)) }

// StepKind is what a step is.
type StepKind uint8

// The kinds of steps.
const (
	_             StepKind = iota
	StepResolve            // a name: a call of Config.Lookup or the resolver
	StepConnect            // to one address, socket options included
	StepProxy              // all between the conn to a proxy and its consent
	StepHandshake          // of TLS, with the target
)

// String returns the kind in words: "resolve".
func (k StepKind) String() string {
	return word([]string{"", "resolve", "connect", "proxy", "handshake"}, int(k))
}

func word(words []string, i int) string {
	if i == 0 || i >= len(words) {
		return "unknown"
	}
	return words[i]
}

// observed is a dial whose beginning and end are told. No lock is held then.
func (d *dialer) observed(ctx context.Context, network, address string, data []byte) (net.Conn, error) {
	e := Event{Kind: DialBegun, Context: ctx, Network: network, Address: address, Start: time.Now()}
	d.onEvent(e)
	r := new(record)
	conn, err := d.layers(context.WithValue(ctx, recordKey{}, r), network, address, data)
	e.Kind, e.Steps, e.Err = DialDone, r.seal(), err
	e.Duration = time.Since(e.Start)
	if conn != nil {
		e.Local, e.Remote = conn.LocalAddr(), conn.RemoteAddr()
	}
	d.onEvent(e)
	return conn, err
}
