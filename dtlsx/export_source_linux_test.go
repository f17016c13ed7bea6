package dtlsx

// SourceOf is what a datagram is answered with.
func SourceOf(control []byte) []byte { return sourceOf(control) }
