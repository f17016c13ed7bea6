// Package errtext has the form of the error messages that packages of this module share.
package errtext

import "strings"

// Of returns "pkg: op name: field=value: cause", without the name and the field that are "".
func Of(pkg, op, name, field, value string, cause error) string {
	var b strings.Builder
	b.WriteString(pkg + ": " + op)
	if name != "" {
		b.WriteString(" " + name)
	}
	if field != "" {
		b.WriteString(": " + field + "=" + value)
	}
	b.WriteString(": " + cause.Error())
	return b.String()
}
