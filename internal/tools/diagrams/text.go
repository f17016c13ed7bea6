package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strata-net/strata/internal/tools/svg"
)

// A text is what a diagram is drawn from. It begins with comments:
//
//	// title: what it is
//	// desc: what it shows, in as many such lines as it takes
//	// layout: neato -n
//
// The last one names the program of Graphviz and its flags; without it that is dot.
type text struct {
	svg.Picture

	name   string
	layout []string
}

func read(name string) (*text, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	t := &text{name: filepath.Base(name), layout: []string{"dot"}}
	t.Source = content
	for line := range strings.Lines(string(content)) {
		field, value, ok := strings.Cut(strings.TrimPrefix(line, "// "), ": ")
		if !strings.HasPrefix(line, "// ") || !ok {
			break
		}
		switch value = strings.TrimSpace(value); field {
		case "title":
			t.Title = value
		case "desc":
			t.Desc = strings.TrimSpace(t.Desc + " " + value)
		case "layout":
			t.layout = strings.Fields(value)
		}
	}
	if t.Title == "" || t.Desc == "" || !slices.Contains([]string{"dot", "neato"}, t.layout[0]) {
		return nil, fmt.Errorf("%s: want comments with title, desc and maybe layout (dot or neato) at its beginning", name)
	}
	return t, nil
}

// draw has Graphviz draw it.
func (t *text) draw() ([]byte, error) {
	cmd := exec.Command(t.layout[0], append(t.layout[1:], "-Tsvg")...) //nolint:noctx // it ends with its input
	cmd.Stdin = bytes.NewReader(t.Source)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	drawn, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %s of Debian's package graphviz: %w\n%s", t.name, t.layout[0], err, errs.Bytes())
	}
	if errs.Len() > 0 {
		return nil, fmt.Errorf("%s: %s", t.name, errs.Bytes())
	}
	content, err := t.Finish(drawn)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.name, err)
	}
	return content, nil
}
