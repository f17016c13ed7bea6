package main

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A schema has the numbers of the fields of each message, as the file has them.
type schema map[string]*numbering

// A numbering is the fields of one message. A number is never given to a second name.
type numbering struct {
	numbers map[string]int  // by name, those of fields that are gone too
	asked   map[string]bool // names that still have a field
}

var (
	messageLine  = regexp.MustCompile(`^message (\w+) \{$`)
	fieldLine    = regexp.MustCompile(`^  optional \S+ (\w+) = (\d+);$`)
	reservedLine = regexp.MustCompile(`^  reserved (\d+); // (\w+)$`)
)

// readNumbers reads a file that writeSchema wrote; an empty one has no numbers.
func readNumbers(file []byte) (schema, error) {
	s := schema{}
	var message *numbering
	lines := bufio.NewScanner(bytes.NewReader(file))
	for lines.Scan() {
		line := lines.Text()
		if m := messageLine.FindStringSubmatch(line); m != nil {
			message = s.message(m[1])
			continue
		}
		name, text := "", ""
		if m := fieldLine.FindStringSubmatch(line); m != nil {
			name, text = m[1], m[2]
		} else if m := reservedLine.FindStringSubmatch(line); m != nil {
			name, text = m[2], m[1]
		}
		if name == "" {
			continue
		}
		if err := message.add(name, text); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
	}
	return s, lines.Err()
}

func (s schema) message(name string) *numbering {
	if s[name] == nil {
		s[name] = &numbering{map[string]int{}, map[string]bool{}}
	}
	return s[name]
}

func (n *numbering) add(name, text string) error {
	number, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	for other, used := range n.numbers {
		if used == number || other == name {
			return fmt.Errorf("%s has number %d", other, used)
		}
	}
	n.numbers[name] = number
	return nil
}

// number is the one that the field has, or the next that no field ever had.
func (n *numbering) number(name string) int {
	n.asked[name] = true
	if n.numbers[name] == 0 {
		last := 0
		for _, used := range n.numbers {
			last = max(last, used)
		}
		n.numbers[name] = last + 1
	}
	return n.numbers[name]
}

// reserved are the lines that keep numbers and names from being used again.
func (n *numbering) reserved() string {
	var b strings.Builder
	names := slices.SortedFunc(maps.Keys(n.numbers), func(a, b string) int { return n.numbers[a] - n.numbers[b] })
	for _, name := range names {
		if !n.asked[name] {
			fmt.Fprintf(&b, "  reserved %d; // %s\n  reserved %q;\n", n.numbers[name], name, name)
		}
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	return b.String()
}
