package lonet

import (
	"errors"
	"slices"
)

// both joins errors, but returns a single one as it is: sentinels are compared.
func both(errs ...error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}
