//go:build !unix || aix

package listener

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
)

func duplicate(address) (net.Listener, error) {
	return nil, fmt.Errorf("inherited descriptors on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func closeDescriptor(int) error { return nil }

// duplicateFile says what package net says: Windows cannot pass sockets on.
func duplicateFile(l net.Listener) (*os.File, error) {
	return l.(interface{ File() (*os.File, error) }).File()
}

func fileInode(*os.File) (string, error) {
	return "", fmt.Errorf("passing on descriptors on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
