package spec_test

import (
	"errors"
	"fmt"

	"github.com/strata-net/strata/spec"
)

func ExampleErrors() {
	problem := &spec.Error{Path: "min_version", Value: `"1.4"`, Err: errors.New("allowed are 1.0, 1.1, 1.2 and 1.3")}
	err := spec.At("listeners[0]", spec.At("tls", problem))
	for _, e := range spec.Errors(err) {
		fmt.Println(e.Path, e.Value)
	}
	// Output: listeners[0].tls.min_version "1.4"
}
