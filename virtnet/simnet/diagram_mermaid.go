package simnet

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode"
)

// maxMermaid is Mermaid's own bound of a diagram's text (maxTextSize), less what
// the last line needs.
const maxMermaid = 50_000 - 100

// maxLabel is how many characters of a name or a label are shown.
const maxLabel = 200

// WriteMermaid draws the events in the language of Mermaid, as a sequenceDiagram
// that Markdown viewers and mermaid-cli show. Names and labels may have any
// characters: those with a meaning in the language are escaped.
func (d Diagram) WriteMermaid(w io.Writer, events iter.Seq[Event]) error {
	g := d.draw(events)
	var b bytes.Buffer
	b.WriteString("sequenceDiagram\n")
	for i, host := range g.hosts {
		fmt.Fprintf(&b, "    participant p%d as %s\n", i, escape(fit(host, maxLabel)))
	}
	for i := range g.arrows {
		line := g.arrows[i].mermaid(len(g.hosts))
		if line == "" {
			continue
		}
		if b.Len()+len(line) > maxMermaid {
			g.more += len(g.arrows) - i
			break
		}
		b.WriteString(line)
	}
	if g.more > 0 && len(g.hosts) > 0 {
		fmt.Fprintf(&b, "    Note over %s: %d more events\n", across(len(g.hosts)), g.more)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return &Error{Op: "write diagram", Err: err}
	}
	return nil
}

// mermaid is the arrow's line. The language has no place for a fault in a diagram
// without hosts.
func (a *arrow) mermaid(hosts int) string {
	label := a.stamp() + " " + escape(fit(a.label, maxLabel))
	switch {
	case a.from < 0 && hosts == 0:
		return ""
	case a.from < 0:
		return fmt.Sprintf("    Note over %s: %s\n", across(hosts), label)
	case a.lost:
		return fmt.Sprintf("    p%d-xp%d: %s\n", a.from, a.to, label)
	}
	return fmt.Sprintf("    p%d->>p%d: %s\n", a.from, a.to, label)
}

// across names all participants for a note.
func across(hosts int) string {
	if hosts == 1 {
		return "p0"
	}
	return fmt.Sprintf("p0,p%d", hosts-1)
}

// escape writes the characters that Mermaid, or the HTML behind it, might read as
// something else in its form #NUMBER;.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < unicode.MaxASCII && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(plainMermaid, r) {
			fmt.Fprintf(&b, "#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plainMermaid are the signs that mean nothing in a label. Not the colon: Mermaid
// looks for "style:" in the whole line before it reads the escapes.
const plainMermaid = " .,?!()=_+-/"
