package virtnet

import (
	"context"
	"fmt"
)

// Registry knows the hosts of a network, of all of its subnetworks: their names,
// and for each what a dialling engine needs to find it. [SubNetwork] calls it for
// Dial, the engine's VNetNewHost for new hosts. It is safe for concurrent use.
//
// A registry may be a map in memory, a directory of files, a server.
type Registry interface {
	// Announce enters a host. An error is a *RegistryError with ErrRegistryDown,
	// ErrHostDup or another cause.
	Announce(ctx context.Context, hostname, hostdata string) error

	// Query returns what a host was announced with. An error is a *RegistryError
	// with ErrRegistryDown, ErrNoHost or another cause.
	Query(ctx context.Context, hostname string) (hostdata string, _ error)

	// Close frees what the registry holds. The contexts of all calls that are under
	// way have been cancelled before, so it need not interrupt them.
	Close() error
}

// RegistryError says what failed in a registry. It unwraps to its cause.
type RegistryError struct {
	Registry string // name of the registry
	Op       string // operation that failed: "announce", "query" or one of the registry's own
	Args     any    // its arguments: a string, or several as []string; nil for none
	Err      error  // the cause, never nil
}

// Error returns the message, for instance `ram(pipet): query "γ": no such host`.
func (e *RegistryError) Error() string {
	if e.Args == nil {
		return fmt.Sprintf("%s: %s: %v", e.Registry, e.Op, e.Err)
	}
	return fmt.Sprintf("%s: %s %q: %v", e.Registry, e.Op, e.Args, e.Err)
}

// Unwrap returns the cause.
func (e *RegistryError) Unwrap() error { return e.Err }

// Cause returns the cause, for packages that ask in this way.
func (e *RegistryError) Cause() error { return e.Err }
