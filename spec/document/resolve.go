package document

import (
	"regexp"
	"strings"
)

// The scalars of YAML 1.2's core schema. What is none of them is text: yes, on,
// 1_000 and 12:30 too.
var (
	integerForm = regexp.MustCompile(`^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$`)
	floatForm   = regexp.MustCompile(`^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
)

// longestNumber bounds what is looked at as a number: more digits than any has.
const longestNumber = 400

// resolve returns what a scalar without quotes is.
func resolve(s string) kind {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return null
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return boolean
	}
	if len(s) <= longestNumber && strings.ContainsAny(s[:1], "+-.0123456789") &&
		(integerForm.MatchString(s) || floatForm.MatchString(s)) {
		return number
	}
	return text
}
