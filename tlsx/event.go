package tlsx

import (
	"crypto/x509"
	"time"
)

// Event is a change of the files that a [Source] took or refused, or a failure
// to watch them.
type Event struct {
	// Time is when it was noticed.
	Time time.Time
	// Fields are the Config's fields whose content differs from when it was last
	// looked at, "Certificates[0].Key" for instance. Empty: none does, and what
	// was refused before was tried again, or watching failed.
	Fields []string
	// Files are the files that the fields name, each once.
	Files []string
	// Leaves are the leaves of Config.Certificates that are in use from now on,
	// in their order: their serial numbers and when they expire. They must not
	// be changed.
	Leaves []*x509.Certificate
	// Err is nil if the change was taken. Otherwise what was there before stays
	// in use as a whole, and it says why: an *[Error] for each field, joined.
	Err error
}
