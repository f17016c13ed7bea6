package socketz

import "time"

// Count returns how many records a registry has, whether what they lead to is there or not.
func Count(r *Registry) int { return len(r.records()) }

// SetPatience says how long a look waits for the first that does not answer. It returns what it was.
func SetPatience(d time.Duration) (old time.Duration) {
	old, patience = patience, d
	return old
}

// Exports for tests.
var (
	Printable    = printable
	Bytes        = bytesText
	Age          = age
	LoopbackHost = loopbackHost
	Style        = style
)
