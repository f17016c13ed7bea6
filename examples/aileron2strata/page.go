package main

import (
	"fmt"
	"strings"
)

const intro = `# From AILERON Gateway to Strata

<!-- Written by aileron2strata -page: change the tables in examples/aileron2strata. -->

` + "`examples/aileron2strata`" + ` turns the network parts of a configuration of AILERON Gateway into documents of the schema strata.v1:

` + "```sh" + `
go run ./examples/aileron2strata -strict -o strata.yaml gateway.yaml
` + "```" + `

It reads the resources HTTPServer and HTTPClient, and messages of its kernel/network by their names; fields may be written as in JSON or as in protobuf there. For each it prints a document, whose first line names its message; a file of ours has one document, so split them at the dashes. What is lost goes to standard error with line, path and reason, and makes the exit status 1 with ` + "`-strict`" + `. With ` + "`-check`" + ` the builders of Strata look at the result, which reads the files of TLS.

Times there are numbers, of milliseconds or seconds as the tables say; here they have units. 0 and false often mean "not set" there; where that is another value here, the converter writes it.

A field of ours is relative to the message; "-" is none.
`

// page returns docs/aileron.md.
func page() string {
	var b strings.Builder
	b.WriteString(intro)
	for _, m := range table() {
		if len(m.rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n", m.name)
		if m.ours != "" && m.ours != several {
			fmt.Fprintf(&b, "Becomes `%s`.\n\n", m.ours)
		}
		b.WriteString("| there | here | note |\n|---|---|---|\n")
		for _, r := range m.rows {
			ours := "-"
			if r.ours != "" {
				ours = "`" + r.ours + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.field, ours, r.note)
		}
	}
	return b.String()
}
