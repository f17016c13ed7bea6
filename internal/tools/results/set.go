package results

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// A Set is what one command measured.
type Set struct {
	Command    string            `json:"command"`          // from the repository's root
	Source     string            `json:"source,omitempty"` // the Markdown from which the tables were taken; "" if from the command
	Date       string            `json:"date"`             // of the run; of a Source, when it was written down
	Commit     string            `json:"commit"`           // of the repository, likewise
	Machine    string            `json:"machine"`          // versions of Go and of the kernel, processors
	Conditions string            `json:"conditions"`       // what else the machine did
	Modules    map[string]string `json:"modules"`          // versions of what was measured, or measured beside
	Tables     []Table           `json:"tables"`
}

// A Table is one of Markdown.
type Table struct {
	Columns []string   `json:"columns"` // the first is also its name
	Rows    [][]string `json:"rows"`
}

// Name of the table: the head of its first column.
func (t *Table) Name() string { return t.Columns[0] }

// Read reads a file.
func Read(name string) (*Set, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	var s Set
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, t := range s.Tables {
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return &s, nil
}

// Write writes a file: a row of a table has a line.
func (s *Set) Write(name string) error {
	for _, t := range s.Tables {
		if err := t.check(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	head := *s
	head.Tables = nil
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(head); err != nil {
		return err
	}
	content := bytes.TrimSuffix(b.Bytes(), []byte("null\n}\n"))
	content = append(content, '[')
	for i, t := range s.Tables {
		content = append(content, t.lines(i)...)
	}
	return os.WriteFile(name, append(content, "\n  ]\n}\n"...), 0o644) //nolint:gosec // part of a public repository
}

// lines is the table in JSON, the first one of a list or not.
func (t *Table) lines(i int) []byte {
	var b bytes.Buffer
	if i > 0 {
		b.WriteByte(',')
	}
	fmt.Fprintf(&b, "\n    {\"columns\": %s, \"rows\": [", line(t.Columns))
	for i, row := range t.Rows {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\n      %s", line(row))
	}
	b.WriteString("]}")
	return b.Bytes()
}

// line is a list in JSON.
func line(cells []string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(cells) //nolint:errchkjson // strings always can be
	return bytes.TrimSpace(b.Bytes())
}

func (t *Table) check() error {
	if len(t.Columns) < 2 || len(t.Rows) == 0 {
		return fmt.Errorf("table %q: no columns or no rows", t.Columns)
	}
	for _, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return fmt.Errorf("table %q: row %q has %d cells: want %d", t.Name(), row, len(row), len(t.Columns))
		}
	}
	return nil
}
