//go:build !linux && !darwin && !freebsd

package cmsg

import "github.com/strata-net/strata/sockopt"

// Options is never called where Supported is false.
func (Want) Options(string) sockopt.Options { return nil }
