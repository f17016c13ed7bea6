package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/strata-net/strata/internal/tools/results"
)

// assignment is a word before a command: GOWORK=off.
var assignment = regexp.MustCompile(`^[A-Z]+=`)

// record runs a command, shows what it prints, and writes its tables into a file.
func record(root, name, conditions string, command []string, out io.Writer) error {
	var printed bytes.Buffer
	words, env := command, append(os.Environ(), "GOWORK=") // this tool is run without the workspace
	for len(words) > 1 && assignment.MatchString(words[0]) {
		words, env = words[1:], append(env, words[0])
	}
	cmd := exec.Command(words[0], words[1:]...) //nolint:noctx // it takes as long as it takes
	cmd.Dir, cmd.Env = root, env
	cmd.Stdout, cmd.Stderr = io.MultiWriter(out, &printed), os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%v: %w", command, err)
	}
	line := shell(command)
	runs := results.Runs("`" + line + "`\n" + printed.String())
	if words[0] != "go" || len(runs) == 0 || len(runs[0].Tables) == 0 {
		return fmt.Errorf("%s: it is no `go run`, or printed no table", line)
	}
	set := &results.Set{Command: line, Date: time.Now().UTC().Format(time.DateOnly), Conditions: conditions, Tables: runs[0].Tables}
	var err error
	if set.Machine, err = machine(printed.String()); err != nil {
		return err
	}
	commit, err := git(root, "rev-parse", "--short=12", "HEAD")
	if err != nil {
		return err
	}
	set.Commit = strings.TrimSpace(commit)
	content, err := os.ReadFile(filepath.Join(root, requirements(line)))
	if err == nil {
		set.Modules, err = versions(content)
	}
	return errors.Join(err, set.Write(name))
}

// shell is a command line as a shell takes it.
func shell(command []string) string {
	words := make([]string, len(command))
	for i, word := range command {
		words[i] = word
		if word == "" || strings.ContainsAny(word, " '\"|&;<>()$`\\*?[]#~!{}") {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
