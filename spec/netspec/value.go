package netspec

import (
	"strconv"
	"strings"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/internal/build"
)

// small is build.Number for enums that have a byte in Go. One beyond that is noted.
func small[T ~uint8, E build.Enum](p *build.Problems, path string, v *E) T {
	return T(build.Number[int](p, path, v))
}

// ports reads a range such as 40000-50000.
func ports(p *build.Problems, path string, text *string) sockopt.PortRange {
	if text == nil {
		return sockopt.PortRange{}
	}
	low, high, _ := strings.Cut(*text, "-")
	l, err1 := strconv.ParseUint(low, 10, 16)
	h, err2 := strconv.ParseUint(high, 10, 16)
	if err1 != nil || err2 != nil {
		p.Addf(path, *text, "want two ports from 0 to 65535, such as 40000-50000")
	}
	return sockopt.PortRange{Low: uint16(l), High: uint16(h)}
}
