package listener_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/listener"
)

func TestMultipathOfAnotherListener(t *testing.T) {
	on, reason := listener.Multipath(&net.TCPListener{})
	assert.False(t, on)
	assert.EqualError(t, reason, "listener: *net.TCPListener is not a listener of this package")
}
