//go:build !linux

package dialer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
)

// A namespace exists on Linux only.
type namespace struct{}

func newNamespace(name string) (*namespace, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // none is no error
	}
	return nil, fmt.Errorf("network namespaces on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func (*namespace) dial(ctx context.Context, d net.Dialer, network, address string) (net.Conn, error) {
	return d.DialContext(ctx, network, address)
}
