package virtnet

import (
	"net"
	"slices"
)

// What goes wrong on a host. Each stands directly in the Err of a [*net.OpError].
var (
	// ErrNetDown says that the network was closed. It is also [net.ErrClosed].
	ErrNetDown error = &sentinel{"network is down", []error{net.ErrClosed}}
	// ErrHostDown says that the host was closed. It is also [net.ErrClosed].
	ErrHostDown error = &sentinel{"host is down", []error{net.ErrClosed}}
	// ErrSockDown says that the listener or conn was closed. It is also [net.ErrClosed].
	ErrSockDown error = &sentinel{"socket is down", []error{net.ErrClosed}}
	// ErrAddrAlreadyUsed says that the port is another socket's. It is also
	// syscall.EADDRINUSE where the system has that.
	ErrAddrAlreadyUsed error = &sentinel{"address already in use", errAddrInUse}
	// ErrAddrNoListen says that the address is another host's. It is also
	// syscall.EADDRNOTAVAIL where the system has that.
	ErrAddrNoListen error = &sentinel{"cannot listen on requested address", errAddrNotAvailable}
	// ErrConnRefused says that nobody listens there. It is also
	// syscall.ECONNREFUSED where the system has that.
	ErrConnRefused error = &sentinel{"connection refused", errConnRefused}
)

// What goes wrong in a registry. Each stands in the Err of a [*RegistryError].
var (
	ErrRegistryDown error = &sentinel{"registry is down", nil}        // the registry cannot be reached
	ErrNoHost       error = &sentinel{"no such host", nil}            // nobody has announced the name
	ErrHostDup      error = &sentinel{"host already registered", nil} // somebody has the name
)

// A sentinel is compared as it is, without a wrapper, and yet is what programs
// written for package net look for.
type sentinel struct {
	text string
	also []error
}

// Error returns the text.
func (e *sentinel) Error() string { return e.text }

// Is reports whether target is one of those that the error is as well.
func (e *sentinel) Is(target error) bool {
	return slices.Contains(e.also, target)
}

// A cause says why a socket is down: the zero value that it is not.
type cause int32

const (
	sockDown cause = iota + 1
	hostDown
	netDown
)

// err returns the cause's sentinel, nil for none.
func (c cause) err() error {
	return [...]error{nil, ErrSockDown, ErrHostDown, ErrNetDown}[c]
}
