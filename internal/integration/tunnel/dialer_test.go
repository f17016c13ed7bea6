package tunnel_test

import (
	"context"

	"github.com/strata-net/strata/tunx"
)

// streamDialerFunc is a function that dials.
type streamDialerFunc func(ctx context.Context, address string) (tunx.StreamConn, error)

func (f streamDialerFunc) DialStream(ctx context.Context, address string) (tunx.StreamConn, error) {
	return f(ctx, address)
}
