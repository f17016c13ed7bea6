package quicx

import (
	"crypto/rand"

	"github.com/quic-go/quic-go"
)

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

func key(dst, given []byte) {
	if given == nil {
		_, _ = rand.Read(dst) // never fails
		return
	}
	copy(dst, given)
}
