package dialer_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/dialer"
)

func TestMultipathOfAnotherDialer(t *testing.T) {
	on, reason := dialer.Multipath(&net.Dialer{})
	assert.False(t, on)
	assert.EqualError(t, reason, "dialer: *net.Dialer is not a dialer of this package")
}
