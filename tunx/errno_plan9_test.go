package tunx_test

import "github.com/strata-net/strata/tunx"

// Plan 9's errors are texts.
var (
	refused = tunx.ErrPortUnreachable
	tooLong = tunx.ErrMsgSize
)
