package netspec

import "github.com/strata-net/strata/spec/internal/build"

// What tests of texts call.
type Problems = build.Problems

var (
	Ports = ports
	Mode  = mode
	Check = check
)
