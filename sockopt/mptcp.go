package sockopt

import "errors"

// errMultipath is the answer for an option that a Multipath TCP socket refuses, or takes and drops.
var errMultipath = unsupportedError{reason: "Multipath TCP does not have it"}

// Multipath says whether a TCP socket is to be a Multipath TCP one (RFC 8684).
type Multipath uint8

const (
	// MultipathDefault is plain TCP for dialers. Listeners take Multipath TCP, as package net does, where the kernel
	// has it and no option refuses it.
	MultipathDefault Multipath = iota
	// MultipathOff is plain TCP.
	MultipathOff
	// MultipathPrefer is Multipath TCP, or plain TCP where the kernel, the peer or an option refuses it.
	MultipathPrefer
	// MultipathRequire is Multipath TCP or an error.
	MultipathRequire
)

// String returns "default", "off", "prefer" or "require".
func (m Multipath) String() string {
	switch m {
	case MultipathDefault:
		return "default"
	case MultipathOff:
		return "off"
	case MultipathPrefer:
		return "prefer"
	case MultipathRequire:
		return "require"
	}
	return "unknown"
}

// RefusedByMPTCP returns nil, or an [*Error] for each option that plain TCP takes and a Multipath TCP socket refuses.
// Package net falls back to plain TCP by itself when Control fails on such a socket; dialer and listener decide
// before, and can say why.
func (o Options) RefusedByMPTCP() error {
	var errs []error
	for i := range o {
		if r := o[i].row; r != nil && r.refusedByMPTCP() {
			errs = append(errs, o[i].fail("set", MPTCP.String(), 0, errMultipath))
		}
	}
	return errors.Join(errs...)
}

// refusedByMPTCP asks both versions of IP, since one list serves both.
func (r *row) refusedByMPTCP() bool {
	return r.RefusedByMPTCP() || r.twin != nil && r.twin.RefusedByMPTCP()
}
