package listener_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/listener"
)

// counted checks the bytes of a conn that got 5 and sent 2, in TLS or not.
func counted(t *testing.T, e listener.Event, secure bool) {
	t.Helper()
	if secure {
		assert.Greater(t, e.Received, int64(100), "the handshake counts")
		assert.Greater(t, e.Sent, int64(100))
		return
	}
	assert.Equal(t, int64(5), e.Received)
	assert.Equal(t, int64(2), e.Sent)
}
