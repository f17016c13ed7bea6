package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

// LoadFile reads and checks a configuration file. Its error joins everything
// that is wrong, each with its line and path.
func LoadFile(name string) (*Config, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	return Load(name, data)
}

// Load checks a configuration. name stands in the errors, and files that the
// configuration names are looked for in its folder.
func Load(name string, data []byte) (*Config, error) {
	ps := &problems{file: name}
	root, err := parseYAML(data)
	if err != nil {
		ps.add(place{line: errorLine(err)}, errors.New(errorText(err)))
		return nil, ps.err()
	}
	l := &loader{dir: filepath.Dir(name), config: &Config{Drain: 10 * time.Second}}
	l.document(newValue(root, "", ps))
	check(l.config, ps)
	if err := ps.err(); err != nil {
		return nil, err
	}
	return l.config, nil
}

// parseYAML returns the one document of a file.
func parseYAML(data []byte) (*yaml.Node, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("the file is longer than %d bytes", maxFile)
	}
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		return nil, err
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, errors.New("the file is empty")
	}
	return doc.Content[0], nil
}

// errorLine returns the line of a syntax error, at least 1.
func errorLine(err error) int {
	var le *yaml.LoadError
	if errors.As(err, &le) && le.Mark.Line > 0 {
		return le.Mark.Line
	}
	return 1
}

// errorText returns a syntax error without the position, which is told apart.
func errorText(err error) string {
	var le *yaml.LoadError
	if !errors.As(err, &le) {
		return err.Error()
	}
	text := strings.TrimPrefix(le.Message, "yaml: ")
	if le.ContextMsg != "" {
		text = le.ContextMsg + ": " + text
	}
	return text
}
