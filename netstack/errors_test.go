//go:build !plan9

package netstack_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		engine tcpip.Error
		is     error
		errno  error
	}{
		{&tcpip.ErrAborted{}, netstack.ErrAborted, syscall.EPIPE},
		{&tcpip.ErrAddressFamilyNotSupported{}, netstack.ErrAddressFamilyNotSupported, syscall.EAFNOSUPPORT},
		{&tcpip.ErrAlreadyBound{}, netstack.ErrAlreadyBound, syscall.EINVAL},
		{&tcpip.ErrAlreadyConnected{}, netstack.ErrAlreadyConnected, syscall.EISCONN},
		{&tcpip.ErrAlreadyConnecting{}, netstack.ErrAlreadyConnecting, syscall.EALREADY},
		{&tcpip.ErrBadAddress{}, nil, syscall.EFAULT},
		{&tcpip.ErrBadBuffer{}, nil, syscall.EFAULT},
		{&tcpip.ErrBadLocalAddress{}, netstack.ErrBadLocalAddress, syscall.EADDRNOTAVAIL},
		{&tcpip.ErrBroadcastDisabled{}, netstack.ErrBroadcastDisabled, syscall.EACCES},
		{&tcpip.ErrClosedForReceive{}, netstack.ErrClosedForReceive, net.ErrClosed},
		{&tcpip.ErrClosedForSend{}, netstack.ErrClosedForSend, syscall.EPIPE},
		{&tcpip.ErrConnectStarted{}, netstack.ErrConnectStarted, syscall.EINPROGRESS},
		{&tcpip.ErrConnectionAborted{}, netstack.ErrConnectionAborted, syscall.ECONNABORTED},
		{&tcpip.ErrConnectionRefused{}, netstack.ErrConnectionRefused, syscall.ECONNREFUSED},
		{&tcpip.ErrConnectionReset{}, netstack.ErrConnectionReset, syscall.ECONNRESET},
		{&tcpip.ErrDestinationRequired{}, netstack.ErrDestinationRequired, syscall.EDESTADDRREQ},
		{&tcpip.ErrDuplicateAddress{}, netstack.ErrDuplicateAddress, syscall.EEXIST},
		{&tcpip.ErrDuplicateNICID{}, netstack.ErrDuplicateNICID, syscall.EEXIST},
		{&tcpip.ErrInvalidNICID{}, nil, syscall.EINVAL},
		{&tcpip.ErrInvalidEndpointState{}, netstack.ErrInvalidEndpointState, syscall.EINVAL},
		{&tcpip.ErrInvalidOptionValue{}, netstack.ErrInvalidOptionValue, syscall.EINVAL},
		{&tcpip.ErrInvalidPortRange{}, nil, syscall.EINVAL},
		{&tcpip.ErrMalformedHeader{}, nil, syscall.EINVAL},
		{&tcpip.ErrMessageTooLong{}, netstack.ErrMessageTooLong, syscall.EMSGSIZE},
		{&tcpip.ErrNetworkUnreachable{}, netstack.ErrNetworkUnreachable, syscall.ENETUNREACH},
		{&tcpip.ErrNoBufferSpace{}, netstack.ErrNoBufferSpace, syscall.ENOBUFS},
		{&tcpip.ErrNoPortAvailable{}, netstack.ErrNoPortAvailable, syscall.EADDRNOTAVAIL},
		{&tcpip.ErrHostUnreachable{}, netstack.ErrHostUnreachable, syscall.EHOSTUNREACH},
		{&tcpip.ErrHostDown{}, netstack.ErrNoRoute, syscall.EHOSTUNREACH},
		{&tcpip.ErrNoNet{}, netstack.ErrNoRoute, syscall.ENETUNREACH},
		{&tcpip.ErrNoSuchFile{}, nil, syscall.EINVAL},
		{&tcpip.ErrNotConnected{}, netstack.ErrNotConnected, syscall.ENOTCONN},
		{&tcpip.ErrNotPermitted{}, netstack.ErrNotPermitted, syscall.EPERM},
		{&tcpip.ErrNotSupported{}, netstack.ErrNotSupported, syscall.EOPNOTSUPP},
		{&tcpip.ErrPortInUse{}, netstack.ErrPortInUse, syscall.EADDRINUSE},
		{&tcpip.ErrQueueSizeNotSupported{}, nil, syscall.EOPNOTSUPP},
		{&tcpip.ErrTimeout{}, netstack.ErrTimeout, syscall.ETIMEDOUT},
		{&tcpip.ErrUnknownDevice{}, nil, syscall.ENODEV},
		{&tcpip.ErrUnknownNICID{}, netstack.ErrUnknownNICID, syscall.ENODEV},
		{&tcpip.ErrUnknownProtocol{}, netstack.ErrUnknownProtocol, syscall.EPROTONOSUPPORT},
		{&tcpip.ErrUnknownProtocolOption{}, netstack.ErrUnknownOption, syscall.ENOPROTOOPT},
		{&tcpip.ErrWouldBlock{}, netstack.ErrWouldBlock, syscall.EAGAIN},
	} {
		err := netstack.Wrap(test.engine)
		assert.EqualError(t, err, test.engine.String())
		if test.is != nil {
			assert.ErrorIs(t, err, test.is)
		}
		assert.ErrorIs(t, err, test.errno, err)
		var n net.Error
		require.ErrorAs(t, err, &n)
		assert.Equal(t, test.is == netstack.ErrTimeout, n.Timeout(), err)
	}
	require.NoError(t, netstack.Wrap(nil))
	assert.EqualError(t, netstack.Wrap(&tcpip.ErrMissingRequiredFields{}), "missing required fields")
}

func TestSentinels(t *testing.T) {
	assert.ErrorIs(t, netstack.ErrNotSupported, errors.ErrUnsupported)
	for _, err := range []error{netstack.ErrClosedForSend, netstack.ErrClosedForReceive, netstack.ErrAborted, netstack.ErrStackClosed} {
		assert.ErrorIs(t, err, net.ErrClosed)
	}
	for _, err := range []error{netstack.ErrNetworkUnreachable, netstack.ErrHostUnreachable} {
		assert.ErrorIs(t, err, netstack.ErrNoRoute)
		assert.NotErrorIs(t, netstack.ErrNoRoute, err)
	}
	var errno syscall.Errno
	require.ErrorAs(t, netstack.ErrConnectionRefused, &errno)
	assert.Equal(t, syscall.ECONNREFUSED, errno)
	assert.NotErrorIs(t, netstack.ErrConnectionRefused, net.ErrClosed)
	assert.ErrorIs(t, netstack.ErrBadLinkEndpoint, syscall.EINVAL)
}

func TestError(t *testing.T) {
	for want, err := range map[string]*netstack.Error{
		"netstack: config: Congestion=bbr: EOF":  {Op: "config", Field: "Congestion", Value: "bbr", Err: io.EOF},
		"netstack: config: SendBuffer: EOF":      {Op: "config", Field: "SendBuffer", Err: io.EOF},
		"netstack: close: operation timed out":   {Op: "close", Err: netstack.ErrTimeout},
		"netstack: close: operation would block": {Op: "close", Err: netstack.ErrWouldBlock},
	} {
		assert.EqualError(t, err, want)
		assert.ErrorIs(t, err, err.Err)
		assert.Equal(t, err.Err == netstack.ErrTimeout, err.Timeout())
		assert.Equal(t, err.Err != io.EOF, err.Temporary())
	}
}

func TestLinkError(t *testing.T) {
	for _, test := range []struct{ device, is error }{
		{tunx.ErrClosed, netstack.ErrClosedForSend},
		{tunx.ErrMsgSize, netstack.ErrMessageTooLong},
		{syscall.ENOBUFS, netstack.ErrNoBufferSpace},
		{syscall.EIO, netstack.ErrNoRoute},
	} {
		assert.ErrorIs(t, netstack.LinkError(test.device), test.is)
	}
}
