package httpx_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/httpx"
)

func TestErrorSaysFieldAndValue(t *testing.T) {
	cause := errors.New("must not be negative")
	for want, e := range map[string]*httpx.Error{
		"httpx: config: IdleConnTimeout=-1s: must not be negative": {Op: "config", Field: "IdleConnTimeout", Value: "-1s", Err: cause},
		"httpx: config: TLS: must not be negative":                 {Op: "config", Field: "TLS", Err: cause},
		"httpx: dial: must not be negative":                        {Op: "dial", Err: cause},
	} {
		assert.EqualError(t, e, want)
		assert.ErrorIs(t, e, cause)
		assert.False(t, e.Timeout())
	}
}

func TestErrorKnowsTimeouts(t *testing.T) {
	for _, cause := range []error{os.ErrDeadlineExceeded, context.DeadlineExceeded} {
		assert.True(t, (&httpx.Error{Op: "dial", Err: cause}).Timeout())
	}
	assert.False(t, (&httpx.Error{Op: "dial", Err: context.Canceled}).Timeout())
}
