package document

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Format is a form of documents.
type Format int

// The forms. 0 is none of them: see Options.Format.
const (
	// YAML is YAML 1.2 with one document a file: .yaml, .yml.
	YAML Format = iota + 1
	// JSON is protobuf's JSON: .json.
	JSON
	// Text is protobuf's text form: .txtpb, .textproto.
	Text
	// Binary is protobuf's wire form: .binpb, .pb.
	Binary
)

// formatNames are in the order of the constants.
var formatNames = []struct {
	name string
	ends []string
}{
	{"YAML", []string{".yaml", ".yml"}},
	{"JSON", []string{".json"}},
	{"text", []string{".txtpb", ".textproto"}},
	{"binary", []string{".binpb", ".pb"}},
}

// String returns the name, such as "YAML".
func (f Format) String() string {
	if f < YAML || f > Binary {
		return fmt.Sprintf("Format(%d)", int(f))
	}
	return formatNames[f-YAML].name
}

// formatOf returns the format that a file's name ends with.
func formatOf(name string) (Format, error) {
	if name == "" {
		return YAML, nil
	}
	end := strings.ToLower(filepath.Ext(name))
	var all []string
	for i, f := range formatNames {
		for _, e := range f.ends {
			if e == end {
				return YAML + Format(i), nil
			}
			all = append(all, e)
		}
	}
	return 0, fmt.Errorf("its name says no format: want %s", list(all, "or"))
}

// list returns "a, b or c".
func list(words []string, last string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " " + last + " " + words[n-1]
}
