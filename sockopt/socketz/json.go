package socketz

import (
	"encoding/json"
	"time"
)

// A head is what stands before the sockets.
type head struct {
	Title     string    `json:"title"`
	Time      time.Time `json:"time"`
	Process   process   `json:"process"`
	Totals    []total   `json:"totals,omitempty"`
	Counters  []counted `json:"counters,omitempty"`
	Matched   *int      `json:"matched,omitempty"`
	Offset    *int      `json:"offset,omitempty"`
	Limit     *int      `json:"limit,omitempty"`
	Listening *int      `json:"listening,omitempty"`
	Socket    *view     `json:"socket,omitempty"`
}

// writeJSON writes one object: the head, and the arrays "listeners" and "conns".
func writeJSON(out *buffered, p *page) {
	h := head{Title: p.Title, Time: p.Time, Process: p.Process, Totals: p.totals, Counters: p.Counters, Socket: p.Socket}
	if p.Socket != nil {
		put(out, h)
		out.text("\n")
		return
	}
	shared := len(p.shared)
	h.Matched, h.Offset, h.Limit, h.Listening = &p.matched, &p.Query.Offset, &p.Query.Limit, &shared
	b, _ := json.Marshal(h) //nolint:errchkjson,musttag // nothing in it can fail; TCPMetrics has its names of Go
	_, _ = out.Write(b[:len(b)-1])
	for _, array := range []struct {
		name string
		each func(*buffered, func(*view))
	}{{"listeners", p.listeners}, {"conns", p.conns}} {
		out.text(`,"` + array.name + `":[`)
		separator := "\n"
		array.each(out, func(v *view) {
			out.text(separator)
			put(out, v)
			separator = ",\n"
		})
		out.text("]")
	}
	out.text("}\n")
}

func put(out *buffered, v any) {
	b, _ := json.Marshal(v) //nolint:errchkjson // counters have been marshalled before, and the rest cannot fail
	_, _ = out.Write(b)
}
