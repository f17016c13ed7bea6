package socketz

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText bounds a text of somebody else, in bytes.
const maxText = 256

// printable makes a text harmless to look at: what is not printed, such as control characters, those that turn the
// direction of writing around, and what is not UTF-8, is written as in Go. Longer texts are cut.
func printable(s string) string {
	plain := len(s) <= maxText && utf8.ValidString(s) && strings.IndexFunc(s, unprintable) < 0
	if plain {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if b.Len() >= maxText {
			return b.String() + "…"
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i])+0x100, 16)[1:])
		case unprintable(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
