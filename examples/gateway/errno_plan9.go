package main

import "errors"

// Plan 9 has texts instead of numbers, and they are not in package syscall.
var (
	unreachedErrors []error
	resetErrors     []error
	errNoAddress    = errors.New("no such address")
	inUseErrors     []error
)
