//go:build !linux && !darwin && !windows

package dialer

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/strata-net/strata/sockopt"
)

func checkDevice(name string) error {
	if name == "" {
		return nil
	}
	return fmt.Errorf("binding to an interface on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func onDevice(_ string, bind sockopt.Options) control { return newControl(bind) }
