package quicx

import (
	"crypto/rand"
	"fmt"

	"github.com/quic-go/quic-go"
)

// Key is a secret of a listener: a []byte that is printed as its length, so that
// a config can be logged.
type Key []byte

// Format writes "32 bytes", whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%d bytes", len(k)) }

// MarshalText is the same for encoders: what it returns cannot be read back.
func (k Key) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%d bytes", len(k)), nil }

// keyLength is that of StatelessResetKey and TokenKey, in bytes.
const keyLength = 32

// keys are what all sockets of a listener share.
type keys struct {
	reset quic.StatelessResetKey
	token quic.TokenGeneratorKey
}

// newKeys takes those of the config, and makes those that it lacks.
func newKeys(c *ListenConfig) *keys {
	var k keys
	key(k.reset[:], c.StatelessResetKey)
	key(k.token[:], c.TokenKey)
	return &k
}

func key(dst []byte, given Key) {
	if given == nil {
		_, _ = rand.Read(dst) // never fails
		return
	}
	copy(dst, given)
}
