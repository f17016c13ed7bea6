package simnet

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// names are the words of a small set of constants, by their value: "" for values
// that are none of them, as zero is.
type names []string

// word returns the word of n, or Type(n) where there is none.
func (w names) word(typ string, n uint8) string {
	if !w.has(n) {
		return fmt.Sprintf("%s(%d)", typ, n)
	}
	return w[n]
}

func (w names) marshal(what string, n uint8) ([]byte, error) {
	if !w.has(n) {
		return nil, &Error{Op: what, Value: strconv.Itoa(int(n)), Err: errors.New("there is none with this number")}
	}
	return []byte(w[n]), nil
}

func (w names) unmarshal(what string, text []byte) (uint8, error) {
	if n := slices.Index(w, string(text)); n > 0 && len(text) > 0 {
		return uint8(n), nil //nolint:gosec // the table is short
	}
	known := slices.DeleteFunc(slices.Clone(w), func(word string) bool { return word == "" })
	return 0, &Error{Op: what, Value: string(text), Err: fmt.Errorf("there are %s", strings.Join(known, ", "))}
}

func (w names) has(n uint8) bool { return int(n) < len(w) && w[n] != "" }
