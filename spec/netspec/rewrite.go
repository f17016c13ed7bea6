package netspec

import (
	"fmt"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/spec/internal/build"
)

// rewrites reads rules. One that cannot be read is the zero rule, so that those
// behind it keep their places.
func rewrites(p *build.Problems, texts []string) []dialer.Rewrite {
	var list []dialer.Rewrite
	for i, text := range texts {
		r, err := dialer.ParseRewrite(text)
		if err != nil {
			short := err
			if e, ok := build.Is[*dialer.Error](err); ok {
				short = e.Err
			}
			p.Because(fmt.Sprintf("rewrites[%d]", i), text, short, err)
		}
		list = append(list, r)
	}
	return list
}
