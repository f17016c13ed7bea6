package acme

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// SetRetry is the first wait after a failure.
func (m *Manager) SetRetry(d time.Duration) { m.retry = d }

// Delay is the wait after err, and failures before.
func (m *Manager) Delay(failures int, err error) time.Duration { return m.delay(failures, err) }

func CheckHost(host string) error { return checkHost(normal(host)) }

// NewKeyPEM is a file with a key.
func NewKeyPEM(tb testing.TB) []byte {
	tb.Helper()
	key, err := newKey()
	require.NoError(tb, err)
	text, err := keyPEM(key)
	require.NoError(tb, err)
	return text
}

// RewriteKey reads a key, writes it and reads it again.
func RewriteKey(text []byte) (written []byte, same bool, err error) {
	key, err := parseKey(text)
	if err != nil {
		return nil, false, err
	}
	if written, err = keyPEM(key); err != nil {
		return nil, false, err
	}
	again, err := parseKey(written)
	return written, err == nil && key.Equal(again), err
}
