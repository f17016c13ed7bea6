package acme

import "fmt"

// MACKey is a secret that an account is bound by: a []byte that is printed as its
// length, so that a config can be logged.
type MACKey []byte

// Format writes "32 bytes", whatever the verb.
func (k MACKey) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%d bytes", len(k)) }

// MarshalText is the same for encoders: what it returns cannot be read back.
func (k MACKey) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%d bytes", len(k)), nil }
