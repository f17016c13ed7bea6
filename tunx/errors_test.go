package tunx_test

import (
	"errors"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/tunx"
)

// The sentinels are their kin of the standard library too, and not each other.
func TestSentinels(t *testing.T) {
	all := map[error]error{
		tunx.ErrClosed: net.ErrClosed, tunx.ErrPortUnreachable: refused, tunx.ErrMsgSize: tooLong,
	}
	for sentinel, kin := range all {
		wrapped := &tunx.Error{Op: "write", Err: sentinel}
		assert.ErrorIs(t, wrapped, sentinel)
		assert.ErrorIs(t, wrapped, kin)
		for other := range all {
			assert.Equal(t, other == sentinel, errors.Is(sentinel, other))
		}
	}
	assert.EqualError(t, tunx.ErrClosed, "network device already closed")
	assert.EqualError(t, tunx.ErrPortUnreachable, "port is not reachable")
	assert.EqualError(t, tunx.ErrMsgSize, "packet size is too big")
}

var _ net.Error = (*tunx.Error)(nil)

func TestError(t *testing.T) {
	e := &tunx.Error{Op: "dial", Field: "destination", Value: "a:1", Err: os.ErrDeadlineExceeded}
	assert.EqualError(t, e, "tunx: dial: destination=a:1: i/o timeout")
	assert.True(t, e.Timeout())
	assert.True(t, e.Temporary())
	e = &tunx.Error{Op: "dial", Err: errors.New("x")}
	assert.EqualError(t, e, "tunx: dial: x")
	assert.False(t, e.Timeout())
	assert.False(t, e.Temporary())
}
