//go:build plan9

package dtlsx

import "errors"

// errMessageSize stands for EMSGSIZE, which the system does not have.
var errMessageSize = errors.New("message too long")
