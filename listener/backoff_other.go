//go:build !unix && !windows

package listener

// passing are the failures of accept that may end.
var passing []error
