package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/strata-net/strata/internal/tools/results"
)

// A note is a run that is written down.
type note struct {
	name       string // of the file that is written
	source     string
	command    string // how it begins
	conditions string // as the source says
}

const (
	all    = "internal/bench/results.md"
	tunnel = "internal/bench/tunnel/results.md"
	idle   = "the machine was otherwise idle"
	beside = "few rounds, with tests beside: less than a tenth is no difference"
)

// written are the runs from which plots are drawn.
var written = []note{
	{"ratios.json", all, "go run ./internal/bench/ratios -rounds 300", idle + "; dial, accept, close: 1200 rounds"},
	{"udp.json", all, "go run ./internal/bench/udp", idle},
	{"memory.json", all, "go run ./internal/bench/memory", idle},
	{"memory-tls.json", all, "go run ./internal/bench/memory -case TLS", idle},
	{"memory-quic.json", all, "go run ./internal/bench/memory -case 'QUIC|HTTP/3|DTLS'", beside},
	{"tls.json", all, "go run ./internal/bench/ratios -rounds 40 -case TLS", idle},
	{"http.json", all, "go run ./internal/bench/http -rounds 15", idle},
	{"http3.json", all, "go run ./internal/bench/http -clients 64 -case HTTP/3", beside},
	{"httpbulk.json", all, "go run ./internal/bench/httpbulk -rounds 7", idle},
	{"httpbulk-http3.json", all, "go run ./internal/bench/httpbulk -first 'HTTP/3, quic-go'", beside},
	{"virtual.json", all, "GOWORK=off go run -C internal/bench/virtual .", "the machine was busy (a load of 15): ratios count, not rates"},
	{"quic.json", all, "go run ./internal/bench/quic", beside},
	{"dtls.json", all, "go run ./internal/bench/dtls", beside},
	{"tunnel.json", tunnel, "go run ./internal/bench/tunnel", idle},
}

// tables reads them.
func (n *note) tables(root string) (*results.Run, string, error) {
	content, err := os.ReadFile(filepath.Join(root, n.source))
	if err != nil {
		return nil, "", err
	}
	runs := results.Runs(string(content))
	i := slices.IndexFunc(runs, func(r results.Run) bool {
		return r.Command == n.command || strings.HasPrefix(r.Command, n.command+" ")
	})
	if i < 0 || len(runs[i].Tables) == 0 {
		return nil, "", fmt.Errorf("%s: no tables of %s", n.source, n.command)
	}
	return &runs[i], string(content), nil
}

// take adds what git knows of the tables.
func (n *note) take(root string) (*results.Set, error) {
	found, text, err := n.tables(root)
	if err != nil {
		return nil, err
	}
	set := &results.Set{Command: found.Command, Source: n.source, Conditions: n.conditions, Tables: found.Tables}
	if set.Machine, err = machine(text); err != nil {
		return nil, fmt.Errorf("%s: %w", n.source, err)
	}
	if set.Commit, set.Date, err = blame(root, n.source, found); err != nil {
		return nil, err
	}
	content, err := git(root, "show", set.Commit+":"+requirements(found.Command))
	if err == nil {
		set.Modules, err = versions([]byte(content))
	}
	return set, err
}

var machines = regexp.MustCompile(`(go1[\w.]*), Linux ([\d.]*\d), (\d+) CPUs[,:]\s+(.*?)(,\s+a virtual machine)?(\.|;|,\s)`)

// machine finds what bench.Machine says.
func machine(text string) (string, error) {
	found := machines.FindStringSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("no machine in it")
	}
	return fmt.Sprintf("%s, Linux %s, %s CPUs: %s", found[1], found[2], found[3], strings.TrimSpace(found[4])), nil
}

// requirements is the go.mod file of a command.
func requirements(command string) string {
	if strings.Contains(command, " -C internal/bench/virtual ") {
		return "internal/bench/virtual/go.mod"
	}
	return "internal/go.mod"
}

// versions are those of the modules of others that a go.mod file requires itself. Tests are not measured.
func versions(mod []byte) (map[string]string, error) {
	f, err := modfile.Parse("go.mod", mod, nil)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, r := range f.Require {
		if path := r.Mod.Path; !r.Indirect && !strings.HasPrefix(path, "github.com/strata-net/") && path != "github.com/stretchr/testify" {
			found[path] = r.Mod.Version
		}
	}
	return found, nil
}
