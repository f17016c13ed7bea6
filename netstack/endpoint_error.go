package netstack

import (
	"net"
	"strconv"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// errClosedEndpoint is what an endpoint says after its Close where it has nothing else to say.
var errClosedEndpoint = newSentinel("endpoint is closed", nil, ErrInvalidEndpointState, net.ErrClosed)

// fail returns the error of a call to the engine. What callers poll for comes bare, since
// it is no failure and shall cost nothing.
func fail(op string, err tcpip.Error) error {
	switch err.(type) {
	case nil:
		return nil
	case *tcpip.ErrWouldBlock:
		return ErrWouldBlock
	case *tcpip.ErrConnectStarted:
		return ErrConnectStarted
	default:
		return &Error{Op: op, Err: wrap(err)}
	}
}

// failAt is fail of a call that is about an address.
func failAt(op string, a FullAddress, err tcpip.Error) error {
	switch err := fail(op, err); err {
	case nil, ErrWouldBlock, ErrConnectStarted: //nolint:errorlint // they come bare
		return err
	}
	return &Error{Op: op, Field: "address", Value: a.String(), Err: wrap(err)}
}

func hex(n uint32) string { return "0x" + strconv.FormatUint(uint64(n), 16) }

// rangeError is ErrInvalidOptionValue with what is allowed.
type rangeError struct{ allowed string }

func (e rangeError) Error() string { return ErrInvalidOptionValue.Error() + ": want " + e.allowed }

func (rangeError) Unwrap() error { return ErrInvalidOptionValue }

func outOfRange(low, high int64) error {
	return rangeError{strconv.FormatInt(low, 10) + " to " + strconv.FormatInt(high, 10)}
}
