package quicx

import "strings"

// Attempts is the cause of an [*Error] when a name with several addresses was
// dialled: what became of each address that was tried, in the order in which
// they ended. Each has the address in its Address. An address that was not tried
// any more, because time ran out before its turn, is not in the list.
type Attempts []*Error

// Error returns "[2001:db8::1]:443: timeout: no recent network activity; 192.0.2.1:443: ...".
func (a Attempts) Error() string {
	list := make([]string, len(a))
	for i, e := range a {
		list[i] = e.Address + ": " + e.Err.Error()
	}
	return strings.Join(list, "; ")
}

// Unwrap returns the attempts, so that errors.Is and errors.As reach each cause.
func (a Attempts) Unwrap() []error {
	errs := make([]error, len(a))
	for i, e := range a {
		errs[i] = e
	}
	return errs
}

// Timeout reports whether the dial ended because time ran out: the attempt that
// ended last did.
func (a Attempts) Timeout() bool { return len(a) > 0 && a[len(a)-1].Timeout() }
