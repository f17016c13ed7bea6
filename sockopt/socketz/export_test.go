package socketz

// Count returns how many records a registry has, whether what they lead to is there or not.
func Count(r *Registry) int { return len(r.records()) }

// Exports for tests.
var (
	Printable    = printable
	Bytes        = bytesText
	Age          = age
	LoopbackHost = loopbackHost
	Style        = style
)
