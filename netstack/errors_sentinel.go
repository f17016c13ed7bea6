package netstack

import "net"

// The errors of a stack that callers branch on, with errors.Is. Each is also the system
// error that is named beside it (on Windows also Winsock's, as WSAECONNRESET; on Plan 9,
// which has texts instead, none), those of closed things are also net.ErrClosed, and all are
// a [net.Error].
var (
	// ErrUnknownProtocol (EPROTONOSUPPORT): the stack does not have that protocol.
	ErrUnknownProtocol = newSentinel("unknown protocol", eProtoNoSupport)
	// ErrUnknownNICID (ENODEV): there is no NIC of that number.
	ErrUnknownNICID = newSentinel("unknown nic id", eNoDev)
	// ErrDuplicateNICID (EEXIST): there is a NIC of that number.
	ErrDuplicateNICID = newSentinel("duplicate nic id", eExist)
	// ErrDuplicateAddress (EEXIST): the NIC has that address.
	ErrDuplicateAddress = newSentinel("duplicate address", eExist)
	// ErrNoRoute (ENETUNREACH): the route table has no row for the target.
	// ErrNetworkUnreachable and ErrHostUnreachable are ErrNoRoute as well.
	ErrNoRoute = newSentinel("no route", eNetUnreach)
	// ErrBadLinkEndpoint (EINVAL): the device cannot be a NIC.
	ErrBadLinkEndpoint = newSentinel("bad link layer endpoint", eInval)
	// ErrAlreadyBound (EINVAL): the endpoint has a local address.
	ErrAlreadyBound = newSentinel("endpoint already bound", eInval)
	// ErrInvalidEndpointState (EINVAL): the endpoint cannot do that now.
	ErrInvalidEndpointState = newSentinel("endpoint is in invalid state", eInval)
	// ErrAlreadyConnecting (EALREADY): a connect has begun before.
	ErrAlreadyConnecting = newSentinel("endpoint is already connecting", eAlready)
	// ErrAlreadyConnected (EISCONN): the endpoint has a peer.
	ErrAlreadyConnected = newSentinel("endpoint is already connected", eIsConn)
	// ErrNoPortAvailable (EADDRNOTAVAIL): every port of the range is taken.
	ErrNoPortAvailable = newSentinel("no ports are available", eAddrNotAvail)
	// ErrPortInUse (EADDRINUSE): somebody else has the port.
	ErrPortInUse = newSentinel("port is in use", eAddrInUse)
	// ErrBadLocalAddress (EADDRNOTAVAIL): no NIC has that address.
	ErrBadLocalAddress = newSentinel("bad local address", eAddrNotAvail)
	// ErrClosedForSend (EPIPE): the endpoint was shut down for writing, or closed.
	ErrClosedForSend = newSentinel("endpoint is closed for send", ePipe, net.ErrClosed)
	// ErrClosedForReceive: the endpoint was shut down for reading, or by its peer.
	ErrClosedForReceive = newSentinel("endpoint is closed for receive", nil, net.ErrClosed)
	// ErrWouldBlock (EAGAIN): nothing can be done now; Notify says when to try again.
	ErrWouldBlock = newSentinel("operation would block", eAgain)
	// ErrConnectionRefused (ECONNREFUSED): nobody listens at the peer's port.
	ErrConnectionRefused = newSentinel("connection was refused", eConnRefused)
	// ErrTimeout (ETIMEDOUT): the peer did not answer in time.
	ErrTimeout = newSentinel("operation timed out", eTimedOut)
	// ErrAborted (EPIPE): the endpoint was aborted on this side.
	ErrAborted = newSentinel("operation aborted", ePipe, net.ErrClosed)
	// ErrConnectStarted (EINPROGRESS): the connect has begun; it has ended when the
	// endpoint is writable.
	ErrConnectStarted = newSentinel("connection attempt started", eInProgress)
	// ErrDestinationRequired (EDESTADDRREQ): no peer was named, and there is none.
	ErrDestinationRequired = newSentinel("destination address is required", eDestAddrReq)
	// ErrNotSupported (EOPNOTSUPP, so errors.ErrUnsupported as well): this endpoint
	// cannot do that.
	ErrNotSupported = newSentinel("operation not supported", eOpNotSupp)
	// ErrNotConnected (ENOTCONN): the endpoint has no peer.
	ErrNotConnected = newSentinel("endpoint not connected", eNotConn)
	// ErrConnectionReset (ECONNRESET): the peer sent a reset.
	ErrConnectionReset = newSentinel("connection reset by peer", eConnReset)
	// ErrConnectionAborted (ECONNABORTED): the conn ended before it was accepted.
	ErrConnectionAborted = newSentinel("connection aborted", eConnAborted)

	// ErrMessageTooLong (EMSGSIZE): a datagram is longer than what can be sent.
	ErrMessageTooLong = newSentinel("message too long", eMsgSize)
	// ErrNoBufferSpace (ENOBUFS): a queue is full.
	ErrNoBufferSpace = newSentinel("no buffer space available", eNoBufs)
	// ErrNetworkUnreachable (ENETUNREACH): a router or the route table said so.
	ErrNetworkUnreachable = newSentinel("network is unreachable", eNetUnreach, ErrNoRoute)
	// ErrHostUnreachable (EHOSTUNREACH): a router said so, or no gateway fits.
	ErrHostUnreachable = newSentinel("no route to host", eHostUnreach, ErrNoRoute)
	// ErrNotPermitted (EPERM): what an endpoint may not do.
	ErrNotPermitted = newSentinel("operation not permitted", ePerm)
	// ErrBroadcastDisabled (EACCES): the endpoint may not send to a broadcast address.
	ErrBroadcastDisabled = newSentinel("broadcast socket option disabled", eAcces)
	// ErrAddressFamilyNotSupported (EAFNOSUPPORT): an IPv6 address for an IPv4 endpoint.
	ErrAddressFamilyNotSupported = newSentinel("address family not supported by protocol", eAFNoSupport)
	// ErrInvalidOptionValue (EINVAL): an option does not take that value.
	ErrInvalidOptionValue = newSentinel("invalid option value specified", eInval)
	// ErrUnknownOption (ENOPROTOOPT): the endpoint does not have that option.
	ErrUnknownOption = newSentinel("unknown option for protocol", eNoProtoOpt)
	// ErrStackClosed: the stack has been closed.
	ErrStackClosed = newSentinel("stack is closed", nil, net.ErrClosed)
)

// sentinel is an error with a text of its own that is other ones too.
type sentinel struct {
	text string
	kin  []error
}

// newSentinel leaves out the system error where the platform has none.
func newSentinel(text string, errno error, kin ...error) error {
	if errno != nil {
		kin = append(systemErrors(errno), kin...)
	}
	return &sentinel{text, kin}
}

func (e *sentinel) Error() string { return e.text }

func (e *sentinel) Unwrap() []error { return e.kin }

// Timeout says whether time ran out, which is not what EAGAIN says.
func (e *sentinel) Timeout() bool { return e.text == ErrTimeout.Error() }

// Temporary says whether the same may succeed later.
func (e *sentinel) Temporary() bool {
	return e.Timeout() || e.text == ErrWouldBlock.Error() || e.text == ErrNoBufferSpace.Error()
}
