//go:build !unix

package document_test

import (
	"testing"
	"time"
)

var begun = time.Now()

// cpuTime returns the time on the wall, the nearest thing that every system has.
func cpuTime(*testing.T) time.Duration { return time.Since(begun) }
