package simnet

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a column's width, in characters.
const minColumn, maxColumn = 12, 44

// WriteText draws the events with characters:
//
//	    a                   b
//	1ms |---- dial :80 ---->|
//	2ms |<----- accept -----|
//	3ms |-- data 5 B (loss) x
func (d Diagram) WriteText(w io.Writer, events iter.Seq[Event]) error {
	g := d.draw(events)
	p := g.paper()
	b := bufio.NewWriter(w)
	p.heads(b, g.hosts)
	for i := range g.arrows {
		p.line(b, &g.arrows[i])
	}
	if g.more > 0 {
		fmt.Fprintf(b, "%*s %d more events\n", p.stamp, "", g.more)
	}
	if err := b.Flush(); err != nil {
		return &Error{Op: "write diagram", Err: err}
	}
	return nil
}

// paper is where a diagram is drawn.
type paper struct {
	stamp   int // width of the time
	columns int
	width   int // from one column to the next
}

func (g *drawing) paper() paper {
	p := paper{columns: len(g.hosts), width: minColumn}
	for _, host := range g.hosts {
		p.width = max(p.width, len([]rune(host))+2)
	}
	for i := range g.arrows {
		a := &g.arrows[i]
		p.stamp = max(p.stamp, utf8.RuneCountInString(a.stamp()))
		if a.from >= 0 {
			p.width = max(p.width, (utf8.RuneCountInString(a.label)+8)/max(1, a.span()))
		}
	}
	p.width = min(p.width, maxColumn)
	return p
}

// span is over how many columns an arrow goes. One to itself, or to nobody, has
// the place up to the next column.
func (a *arrow) span() int { return max(a.from, a.to) - min(a.from, a.to) }

func (p *paper) heads(b *bufio.Writer, hosts []string) {
	row := []rune(strings.Repeat(" ", p.columns*p.width))
	for i, host := range hosts {
		copy(row[i*p.width:], []rune(fit(host, p.width-2)))
	}
	fmt.Fprintln(b, strings.TrimRight(strings.Repeat(" ", p.stamp+1)+string(row), " "))
}

func (p *paper) line(b *bufio.Writer, a *arrow) {
	// What goes to the right of the last column has place for one more.
	row := []rune(strings.Repeat(" ", max(p.columns, 1)*p.width+1))
	for i := range p.columns {
		row[i*p.width] = '|'
	}
	switch {
	case a.from < 0:
		row = []rune("=== " + fit(a.label, maxLabel) + " ===")
		row = append(row, []rune(strings.Repeat("=", max(0, (p.columns-1)*p.width+1-len(row))))...)
	case a.from == a.to:
		p.loop(row, a)
	default:
		p.between(row, a)
	}
	fmt.Fprintf(b, "%*s %s\n", p.stamp, a.stamp(), strings.TrimRight(string(row), " "))
}

// loop draws a packet from a host to itself or, if it was lost, maybe to nobody.
func (p *paper) loop(row []rune, a *arrow) {
	end := "-<"
	if a.lost {
		end = "-x"
	}
	copy(row[a.from*p.width+1:], []rune("- "+fit(a.label, p.width-6)+" "+end))
}

func (p *paper) between(row []rune, a *arrow) {
	left, right := min(a.from, a.to)*p.width, max(a.from, a.to)*p.width
	for i := left + 1; i < right; i++ {
		row[i] = '-'
	}
	label := []rune(" " + fit(a.label, right-left-7) + " ")
	copy(row[left+1+(right-left-1-len(label))/2:], label)
	switch {
	case a.lost && a.from < a.to:
		row[right-1] = 'x'
	case a.lost:
		row[left+1] = 'x'
	case a.from < a.to:
		row[right-1] = '>'
	default:
		row[left+1] = '<'
	}
}

// fit returns a text in at most width characters, one line, that all print.
func fit(text string, width int) string {
	runes := []rune(text)
	for i, r := range runes {
		if !unicode.IsPrint(r) {
			runes[i] = '?'
		}
	}
	if len(runes) > width {
		runes = append(runes[:max(0, width-2)], '.', '.')
	}
	return string(runes)
}
