package main

import (
	"fmt"
	"io"

	"go.yaml.in/yaml/v4"
)

// output is one message of ours.
type output struct {
	message string // of strata.v1
	from    string // what it was
	line    int
	content *object
}

// schema is where editors find the fields of a message.
const schema = "https://raw.githubusercontent.com/strata-net/strata/main/spec/schema/"

// write prints documents, each with its message in the first line.
func write(w io.Writer, documents []output) error {
	for i, d := range documents {
		if i > 0 {
			fmt.Fprintln(w, "---")
		}
		fmt.Fprintf(w, "# yaml-language-server: $schema=%s%s.json\n# %s\n", schema, d.message, d.from)
		text, err := d.yaml()
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

func (d output) yaml() ([]byte, error) {
	if len(d.content.keys) == 0 {
		return []byte("{}\n"), nil
	}
	return yaml.Marshal(d.content)
}
