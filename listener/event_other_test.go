//go:build !linux

package listener_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/listener"
)

// counted checks the bytes of a conn where nobody counts them.
func counted(t *testing.T, e listener.Event, _ bool) {
	t.Helper()
	assert.Equal(t, int64(-1), e.Received)
	assert.Equal(t, int64(-1), e.Sent)
}
