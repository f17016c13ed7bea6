package dnsintercept

import (
	"context"
	"errors"
	"net/netip"

	"github.com/strata-net/strata/tunx/dnstruncate"
)

// Resolver answers the query for a server, both as they are in a datagram. What it returns
// may be longer than the client can take: then the client is told to ask again over TCP. It
// is called by many goroutines at the same time, and may keep query and change its answer
// until it returns. An error is answered with SERVFAIL, and [ErrPass] is not one.
type Resolver func(ctx context.Context, query []byte, server netip.AddrPort) ([]byte, error)

// ErrPass is what a Resolver returns for queries that go on to the next proxy, like any
// other datagram.
var ErrPass = errors.New("pass the query on")

// Pass leaves every query to the next proxy.
func Pass(context.Context, []byte, netip.AddrPort) ([]byte, error) { return nil, ErrPass }

// Truncate answers every query as package dnstruncate does: the client asks again over TCP.
func Truncate(_ context.Context, query []byte, _ netip.AddrPort) ([]byte, error) {
	return dnstruncate.Answer(query)
}

// Chain returns a Resolver that asks each of the given ones until one does not pass.
func Chain(resolvers ...Resolver) Resolver {
	return func(ctx context.Context, query []byte, server netip.AddrPort) ([]byte, error) {
		for _, r := range resolvers {
			if answer, err := r(ctx, query, server); !errors.Is(err, ErrPass) {
				return answer, err
			}
		}
		return nil, ErrPass
	}
}
