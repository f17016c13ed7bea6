package simnet

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
)

// String returns the event as WriteText writes it, without the newline.
//
//	12.000000345 drop a->b tcp data 10.0.0.1:49152->10.0.0.2:80 flow=1f2e#3 seq=100 ack=0 size=512 loss
func (e Event) String() string { return string(e.append(nil)) }

// WriteText writes the events, one a line: time in seconds since the network was
// made, kind, hosts, protocol, step, addresses, flow and number, then what is not
// zero of offset, acknowledgement, attempt, size, the CRC-32 of the captured payload and the reason.
// The text of two runs can be compared: equal runs have equal text.
func WriteText(w io.Writer, events iter.Seq[Event]) error {
	b := bufio.NewWriter(w)
	var line []byte
	for e := range events {
		line = append(e.append(line[:0]), '\n')
		if _, err := b.Write(line); err != nil {
			return &Error{Op: "write trace", Err: err}
		}
	}
	if err := b.Flush(); err != nil {
		return &Error{Op: "write trace", Err: err}
	}
	return nil
}

func (e *Event) append(b []byte) []byte {
	b = fmt.Appendf(b, "%d.%09d %s", e.Time/1e9, e.Time%1e9, e.Kind)
	if e.Source != "" || e.Destination != "" {
		b = fmt.Appendf(b, " %s->%s", quoted(e.Source), quoted(e.Destination))
	}
	if e.Kind != KindFault {
		b = fmt.Appendf(b, " %s %s %s->%s flow=%x#%d", e.Protocol, e.Step, known(e.From), known(e.To), e.Flow, e.Number)
	}
	if e.Protocol == TCP && e.Step != StepSYN {
		b = fmt.Appendf(b, " seq=%d ack=%d", e.Seq, e.Ack)
	}
	if e.Attempt > 0 {
		b = fmt.Appendf(b, " attempt=%d", e.Attempt)
	}
	if e.Size > 0 {
		b = fmt.Appendf(b, " size=%d", e.Size)
	}
	if len(e.Data) > 0 {
		b = fmt.Appendf(b, " crc=%08x", crc32.ChecksumIEEE(e.Data))
	}
	if e.Reason != 0 {
		b = append(append(b, ' '), e.Reason.String()...)
	}
	if e.Text != "" {
		b = append(append(b, ' '), printable(e.Text)...)
	}
	return b
}

// quoted returns a name of a host as it is if it cannot be mistaken for more than
// one word, or two.
func quoted(name string) string {
	odd := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '"' || r == '>' }
	if name == "" || strings.ContainsFunc(name, odd) {
		return strconv.Quote(name)
	}
	return name
}

// known returns an address, "?" for none.
func known(a netip.AddrPort) string {
	if !a.IsValid() {
		return "?"
	}
	return a.String()
}

// printable returns a text in one line.
func printable(text string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	if strings.ContainsFunc(text, odd) {
		return strconv.Quote(text)
	}
	return text
}
