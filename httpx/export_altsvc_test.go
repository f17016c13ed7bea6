package httpx

import "time"

// ParseAltSvc is the parser of the field, for its tests.
var ParseAltSvc = parseAltSvc

// Alternative makes a value as the parser returns it.
func Alternative(protocol, host string, port uint16, maxAge time.Duration, persist bool) any {
	return alternative{protocol, host, port, maxAge, persist}
}

// Authority returns host and port.
func (a alternative) Authority() (string, uint16) { return a.host, a.port }

// MaxAge returns ma.
func (a alternative) MaxAge() time.Duration { return a.maxAge }

// Anys is for comparing with what Alternative returns.
func Anys(list []alternative) []any {
	all := make([]any, len(list))
	for i, a := range list {
		all[i] = a
	}
	return all
}
