package results

import (
	"iter"
	"regexp"
	"strings"
)

// A Run is a command of a Markdown file, and the tables after it.
type Run struct {
	Command     string
	First, Last int // the lines of the tables, from 1
	Tables      []Table
}

var (
	inline = regexp.MustCompile("`((?:GOWORK=off )?go run [^`]*)`")
	flags  = regexp.MustCompile("`-[^`]*`") // the same with other flags: no whole command
)

// Runs reads Markdown: a table belongs to the last command before it, and to none after the name of another section.
func Runs(text string) []Run {
	var runs []Run
	var last *Run
	table := false // whether the line before was of a table
	for i, line := range numbered(text) {
		if cells, ok := row(line); ok {
			if last != nil {
				last.add(i, cells, !table)
			}
			table = true
			continue
		}
		table = false
		command, ok := command(line)
		switch {
		case ok:
			runs = append(runs, Run{Command: command})
			last = &runs[len(runs)-1]
		case strings.HasPrefix(line, "#") || flags.MatchString(line):
			last = nil
		}
	}
	return runs
}

// numbered yields the lines from 1.
func numbered(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		i := 0
		for line := range strings.Lines(text) {
			i++
			if !yield(i, strings.TrimSpace(line)) {
				return
			}
		}
	}
}

// command finds one in a line of text, or in a block of code.
func command(line string) (string, bool) {
	if found := inline.FindStringSubmatch(line); found != nil {
		return found[1], true
	}
	return line, strings.HasPrefix(line, "go run ")
}

// row splits a line of a table.
func row(line string) ([]string, bool) {
	if len(line) < 2 || line[0] != '|' || line[len(line)-1] != '|' {
		return nil, false
	}
	cells := strings.Split(line[1:len(line)-1], "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells, true
}

func (r *Run) add(line int, cells []string, begins bool) {
	if begins {
		r.Tables = append(r.Tables, Table{})
	}
	if r.First == 0 {
		r.First = line
	}
	r.Last = line
	switch t := &r.Tables[len(r.Tables)-1]; {
	case begins:
		t.Columns = cells
	case len(t.Rows) > 0 || strings.Trim(strings.Join(cells, ""), "-:") != "":
		t.Rows = append(t.Rows, cells)
	}
}
