package tlsspec

import (
	"errors"
	"fmt"

	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/tlsx"
)

var errVersion = errors.New("allowed are 1.0, 1.1, 1.2 and 1.3")

// unreadable is no version: tlsx then checks the other fields as if all versions
// were allowed, and reports nothing that only follows.
const unreadable = 0xffff

// version reads a version of TLS; 0 for nil.
func version(p *build.Problems, path string, text *string) uint16 {
	if text == nil {
		return 0
	}
	v, err := tlsx.ParseVersion(*text)
	if err != nil {
		p.Because(path, *text, errVersion, err)
		return unreadable
	}
	return v
}

// numbers turns IANA's numbers into those of crypto/tls, where tlsx looks at
// whether they can be used.
func numbers[T ~uint16, E ~int32](p *build.Problems, path string, list []E) []T {
	var out []T
	for i, e := range list {
		out = append(out, build.Int[T](p, fmt.Sprintf("%s[%d]", path, i), &e))
	}
	return out
}
