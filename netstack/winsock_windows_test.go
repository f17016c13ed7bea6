package netstack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sys/windows"

	"github.com/strata-net/strata/netstack"
)

// TestWinsock wants the errors that sockets of package net give here.
func TestWinsock(t *testing.T) {
	for err, errno := range map[error]windows.Errno{
		netstack.ErrConnectionRefused:  windows.WSAECONNREFUSED,
		netstack.ErrConnectionReset:    windows.WSAECONNRESET,
		netstack.ErrPortInUse:          windows.WSAEADDRINUSE,
		netstack.ErrBadLocalAddress:    windows.WSAEADDRNOTAVAIL,
		netstack.ErrNetworkUnreachable: windows.WSAENETUNREACH,
		netstack.ErrHostUnreachable:    windows.WSAEHOSTUNREACH,
		netstack.ErrMessageTooLong:     windows.WSAEMSGSIZE,
		netstack.ErrTimeout:            windows.WSAETIMEDOUT,
		netstack.ErrClosedForSend:      windows.WSAESHUTDOWN,
	} {
		assert.ErrorIs(t, err, errno)
	}
}
