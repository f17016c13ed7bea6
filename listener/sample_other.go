//go:build !linux

package listener

import (
	"errors"
	"net"
)

// kernelCounts reports whether the kernel counts the traffic of a conn.
func kernelCounts(net.Conn, bool) bool { return false }

func readSample(net.Conn) (sample, error) { return sample{}, errors.ErrUnsupported }
