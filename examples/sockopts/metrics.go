package main

import (
	"fmt"
	"io"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/strata-net/strata/sockopt"
)

// printMetrics prints some of what the kernel knows of a TCP connection.
func printMetrics(out io.Writer, c syscall.Conn) {
	m, err := sockopt.TCPInfo(c)
	if err != nil {
		fmt.Fprintf(out, "\nno metrics: %v\n", err)
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nstate\t%s\n", m.State)
	fmt.Fprintf(w, "round trip time\t%s, varies by %s, at least %s\n", span(m.RTT), span(m.RTTVar), span(m.MinRTT))
	fmt.Fprintf(w, "congestion window\t%s segments of %s bytes\n", count(m.SndCwnd), count(m.SndMSS))
	fmt.Fprintf(w, "path MTU\t%s bytes\n", count(m.PMTU))
	fmt.Fprintf(w, "retransmitted\t%s segments\n", count(m.TotalRetrans))
	fmt.Fprintf(w, "pacing rate\t%s bytes/s\n", count(m.PacingRate))
	fmt.Fprintf(w, "delivery rate\t%s bytes/s\n", count(m.DeliveryRate))
	w.Flush()
}

// count is a figure that this kernel may not have.
func count(n int64) string {
	if n == sockopt.Absent {
		return "?"
	}
	return fmt.Sprint(n)
}

// span is a time that this kernel may not have, or has not measured yet.
func span(d time.Duration) string {
	if d == sockopt.Absent {
		return "?"
	}
	return d.String()
}
