//go:build !unix && !windows

package sockopt_test

import "errors"

// errNoOption is the answer of a platform without socket options.
var errNoOption = errors.ErrUnsupported
