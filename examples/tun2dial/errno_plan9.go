package main

import "errors"

// Plan 9's errors are texts.
var (
	errRefused         = errors.New("connection refused")
	errReset           = errors.New("connection reset")
	errInUse           = errors.New("address in use")
	errNetUnreachable  = errors.New("network unreachable")
	errHostUnreachable = errors.New("host unreachable")
)
