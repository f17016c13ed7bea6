package httpx

import (
	"errors"
	"net"
)

var (
	errPoolCanceled = &Error{Op: "round trip", Field: "request", Err: errors.New("canceled by its Cancel")}
	errPoolClosed   = &Error{Op: "round trip", Err: net.ErrClosed}
	// errPoolForgotten sends a request that came too late to the name's next host.
	errPoolForgotten = errors.New("the name was forgotten")
)
