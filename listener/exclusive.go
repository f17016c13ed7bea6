package listener

import (
	"errors"

	"github.com/strata-net/strata/sockopt"
)

// exclusive is the rule for TCP on Windows. There SO_REUSEADDR lets any other
// process bind the same port and take over its traffic, and without
// SO_EXCLUSIVEADDRUSE another process can do so by setting it on its side
// (Microsoft: Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE).
func exclusive(o sockopt.Options) (sockopt.Options, error) {
	chosen := false
	for _, option := range o {
		switch option.Name() {
		case "SO_REUSEADDR":
			if option.ValueText() == "true" {
				return o, errors.New("lets other processes take the port over on Windows: use SO_EXCLUSIVEADDRUSE")
			}
			chosen = true
		case "SO_EXCLUSIVEADDRUSE":
			chosen = true
		}
	}
	if !chosen {
		o = append(o, sockopt.Prefer(sockopt.ExclusiveAddrUse.Value(true)))
	}
	return o, nil
}
