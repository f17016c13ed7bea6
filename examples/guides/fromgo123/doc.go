// Package fromgo123 has the code of docs/guides/from-go123.md.
package fromgo123
