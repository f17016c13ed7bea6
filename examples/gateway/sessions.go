package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// writeSessions prints what TLS agreed on in each trial, and whether the last
// conn resumed the session of one before.
func writeSessions(out io.Writer, trials []*trial) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nTLS\tVERSION\tCIPHER SUITE\tKEY EXCHANGE\tALPN\tLAST CONN")
	for _, t := range trials {
		s := t.measure.tls
		if s.Version == "" || t.err != nil {
			continue
		}
		alpn, last := s.ALPN, "full handshake"
		if alpn == "" {
			alpn = "-"
		}
		if t.again.Resumed {
			last = "resumed"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.listener.Name, s.Version, s.CipherSuite, s.Curve, alpn, last)
	}
	return w.Flush()
}
