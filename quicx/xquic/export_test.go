package xquic

import "context"

// Break closes the socket of a listener behind its back.
func Break(ctx context.Context, l *Listener) { _ = l.endpoint.Close(ctx) }

// Readers of addresses.
var (
	Address = parseAddress
	Local   = parseLocal
)
