//go:build !linux

package sockopt

import "runtime"

// readTCPInfo is for Linux only: elsewhere the struct is another, where there is one.
func readTCPInfo(uintptr) (*TCPMetrics, error) {
	return nil, unsupportedError{reason: runtime.GOOS + " does not have it"}
}
