package sockopt

import (
	"iter"
	"strconv"
	"strings"
	"time"
)

// Info is what the table knows of an option. On a platform that lacks the option, Supported is false
// and of the rest only Name, Ident, Kind, Doc and Man mean something.
type Info struct {
	Name      string // the kernel's name: "TCP_KEEPIDLE"
	Ident     string // the handle's name: "TCPKeepIdle"
	Kind      Kind   // of the value
	Doc       string // one line
	Man       string // manual page, RFC or vendor document
	Supported bool   // on this platform

	Level  int // first argument of setsockopt after the socket
	Number int // second

	Unit         string   // of the kernel's integer: "s", "ms", "µs", "byte", "hop"; "" for none
	Range        []Span   // values allowed, in Unit; nil: all that the kind holds
	ReadOnly     bool     // can be read only
	WriteOnly    bool     // can be set only
	Networks     Networks // sockets on which the kernel knows it; those of the Twin come on top
	Stage        Stage    // when dialers and listeners apply it
	Order        int      // inside the stage: lower first, then as in the list
	Until        Moment   // when it is too late
	Role         Role     // on accepted conns
	Capability   string   // needed to set it: "CAP_NET_ADMIN"; "" for none
	Condition    string   // when Capability is needed; "" for always
	Twin         string   // the option that means the same in the other IP version; "" for none
	ReadBack     ReadBack // how the value read relates to the value set
	Reset        []int64  // values, in Unit, that bring back the system's default, which is what is read then
	MaySleep     bool     // setting it on a new socket can block: never done as a raw system call
	BlockingOnly bool     // without effect on the non-blocking sockets of package net
	Ignored      string   // since when the kernel accepts it and does nothing; "" for never
	Since        string   // first kernel or Windows version; "" where not known
	Note         string   // what surprises
}

// A Span is a range of values, both ends included.
type Span struct {
	Min, Max int64 // in the Unit of the option
}

// RefusedByMPTCP reports whether a Multipath TCP socket refuses an option that plain TCP takes.
func (i Info) RefusedByMPTCP() bool {
	return i.Networks&tcp != 0 && i.Networks&MPTCP == 0
}

// Allowed describes the values that the option takes: "true or false", "-1 or 1..255 hop",
// "1s..32767s in steps of 1s", "off or 0s..65535s in steps of 1s".
func (i Info) Allowed() string {
	if i.Range == nil {
		return i.Kind.allowed()
	}
	parts := make([]string, len(i.Range))
	for k, s := range i.Range {
		parts[k] = i.bound(s.Min)
		if s.Max != s.Min {
			parts[k] += ".." + i.bound(s.Max)
		}
	}
	text := strings.Join(parts, " or ")
	switch {
	case i.Kind == KindLinger:
		return "off or " + text + " in steps of " + i.bound(1)
	case i.Kind == KindDuration:
		return text + " in steps of " + i.bound(1)
	case i.Unit != "":
		return text + " " + i.Unit
	}
	return text
}

// bound formats one end of a Span. Durations keep the kernel's unit, so that 32767 seconds stay recognisable.
func (i Info) bound(n int64) string {
	s := strconv.FormatInt(n, 10)
	if i.Kind == KindDuration || i.Kind == KindLinger {
		s += i.Unit
	}
	return s
}

// scale is the duration of one Unit.
func (i Info) scale() time.Duration {
	switch i.Unit {
	case "s":
		return time.Second
	case "ms":
		return time.Millisecond
	}
	return time.Microsecond
}

// All returns the options of this platform, in table order. It is empty on a platform without a table.
func All() iter.Seq[Info] {
	return func(yield func(Info) bool) {
		for i := range rows {
			if rows[i].Supported && !yield(rows[i].Info) {
				return
			}
		}
	}
}

// Lookup returns what is known of the option with the kernel name. It also finds the options that only other
// platforms have: Supported is false then.
func Lookup(name string) (Info, bool) {
	r, ok := byName[name]
	if !ok {
		return Info{}, false
	}
	return r.Info, true
}
