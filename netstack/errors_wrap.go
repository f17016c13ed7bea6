package netstack

import (
	"gvisor.dev/gvisor/pkg/tcpip"
)

// wrap returns the sentinel of an engine's error: nothing is allocated, so a call that
// would block costs nothing.
func wrap(err tcpip.Error) error {
	if err == nil {
		return nil
	}
	if _, ok := err.(*tcpip.ErrWouldBlock); ok {
		return ErrWouldBlock
	}
	if e, ok := sentinels[err.String()]; ok {
		return e
	}
	return &sentinel{err.String(), nil}
}

// sentinels holds this package's error for each text of the engine's, whose types have
// nothing else in common.
var sentinels = byText(
	ErrUnknownProtocol, ErrUnknownNICID, ErrDuplicateNICID, ErrDuplicateAddress,
	ErrAlreadyBound, ErrInvalidEndpointState, ErrAlreadyConnecting, ErrAlreadyConnected,
	ErrNoPortAvailable, ErrPortInUse, ErrBadLocalAddress, ErrClosedForSend,
	ErrClosedForReceive, ErrConnectionRefused, ErrTimeout, ErrAborted, ErrConnectStarted,
	ErrDestinationRequired, ErrNotSupported, ErrNotConnected, ErrConnectionReset,
	ErrConnectionAborted, ErrMessageTooLong, ErrNoBufferSpace, ErrNetworkUnreachable,
	ErrHostUnreachable, ErrNotPermitted, ErrBroadcastDisabled, ErrAddressFamilyNotSupported,
	ErrInvalidOptionValue, ErrUnknownOption,
	// What nobody branches on.
	newSentinel("bad address", eFault),
	newSentinel("bad buffer", eFault),
	newSentinel("invalid nic id", eInval),
	newSentinel("invalid port range", eInval),
	newSentinel("header is malformed", eInval),
	newSentinel("host is down", eHostUnreach, ErrNoRoute),
	newSentinel("machine is not on the network", eNetUnreach, ErrNoRoute),
	newSentinel("no such file", eInval),
	newSentinel("queue size querying not supported", eOpNotSupp),
	newSentinel("unknown device", eNoDev),
)

func byText(errs ...error) map[string]error {
	m := make(map[string]error, len(errs))
	for _, err := range errs {
		m[err.Error()] = err
	}
	return m
}
