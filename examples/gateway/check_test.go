package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

// The files testdata/bad*.yaml have one error of each kind, and each is followed
// by a comment with the line that -check must print for it, without file and line.
func TestCheckPrintsEveryError(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "bad*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { checkPrints(t, file) })
	}
}

func checkPrints(t *testing.T, file string) {
	t.Helper()
	want := expected(t, file)
	cmd := program(t, "-check", file)
	out, err := cmd.Output()
	assert.Equal(t, 1, status(t, err))
	got := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, line := range got {
		if i < len(want) {
			assert.Contains(t, line, want[i])
		}
	}
	assert.Len(t, got, len(want), "%s", out)
}

// expected returns file:line: and the text of each comment that begins with #!.
func expected(t *testing.T, file string) []string {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	var want []string
	for i, line := range strings.Split(string(b), "\n") {
		for _, text := range strings.Split(line, "#!")[1:] {
			want = append(want, location(file, i+1)+strings.TrimSpace(text))
		}
	}
	return want
}

func TestCheckGood(t *testing.T) {
	file := filepath.Join(t.TempDir(), "good.yaml")
	require.NoError(t, os.WriteFile(file, defaultConfig, 0o600))
	out, err := program(t, "-check", file).CombinedOutput()
	assert.Equal(t, 0, status(t, err))
	assert.Equal(t, "OK\n", string(out))
}

// A syntax error has its line too.
func TestSyntaxErrors(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "x.yaml:1: no documents in stream"},
		{"comment", "# nothing\n", "x.yaml:1: no documents in stream"},
		{"bracket", "drain: 1s\nlisteners: [\n", "x.yaml:3: "},
		{"tab", "drain: 1s\n\tlisteners: 1\n", "x.yaml:2: "},
		{"anchor", "drain: *nowhere\n", "x.yaml:1: "},
		{"two", "drain: 1s\n---\ndrain: 2s\n", "x.yaml:1: expected single document, found multiple"},
		{"list", "- a\n- b\n", "x.yaml:1: want keys and values, got a list"},
		{"scalar", "\nhello\n", `x.yaml:2: want keys and values, got "hello"`},
		{"long", strings.Repeat("#", maxFile+1), "x.yaml:1: the file is longer than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load("x.yaml", []byte(test.text))
			require.Error(t, err)
			assert.Contains(t, err.Error(), test.want)
		})
	}
}

func TestCheckMissingFile(t *testing.T) {
	var out bytes.Buffer
	file := filepath.Join(t.TempDir(), "nowhere.yaml")
	assert.Equal(t, 1, checkFile(file, &out))
	assert.Contains(t, out.String(), file)
	assert.Contains(t, out.String(), "no such file")
}

// An alias repeats what its anchor says, and a file cannot use that to stand
// for more than there is time to look at.
func TestAliases(t *testing.T) {
	cfg, err := Load("x.yaml", []byte(`
upstreams: [{name: a, echo: tcp, options: &o {TCP_KEEPIDLE: 9s}}]
listeners: [{name: l, address: "127.0.0.1:0", options: *o, routes: [{upstream: a}]}]
`))
	require.NoError(t, err)
	assert.Equal(t, "TCP_KEEPIDLE=9s", cfg.Listeners[0].Options.List.String())

	many := "routes: &r [" + strings.Repeat("{},", 2000) + "]\nlisteners: [" +
		strings.Repeat("{routes: *r},", 2000) + "]\n"
	_, err = Load("x.yaml", []byte(many))
	require.Error(t, err)
	assert.Contains(t, err.Error(), fmt.Sprintf("more than %d values", maxNodes))
}

// FuzzLoad: whatever the file, there is a configuration that can be used, or
// problems that say where they are.
func FuzzLoad(f *testing.F) {
	f.Add(defaultConfig)
	f.Add([]byte(echoConfig))
	files, err := filepath.Glob(filepath.Join("testdata", "*.yaml"))
	require.NoError(f, err)
	for _, file := range files {
		bad, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(bad)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := Load("x.yaml", data)
		if err != nil {
			require.Nil(t, cfg)
			for line := range strings.SplitSeq(err.Error(), "\n") {
				require.NotEmpty(t, line)
			}
			for _, p := range err.(interface{ Unwrap() []error }).Unwrap() {
				require.Positive(t, asProblem(t, p).at.line, p)
			}
			return
		}
		require.NotEmpty(t, cfg.Listeners)
		for _, n := range cfg.Listeners {
			require.NotEmpty(t, n.Name)
			require.NotEmpty(t, n.Addresses)
			require.NotEmpty(t, n.Routes)
			for _, r := range n.Routes {
				require.NotNil(t, r.Upstream)
				_, err := newBackend(r.Upstream, r.Upstream.Address, nil)
				require.NoError(t, err)
			}
			newRouter(n.Routes)
		}
	})
}

// asProblem wants an error to be a problem.
func asProblem(t *testing.T, err error) *problem {
	t.Helper()
	p, ok := errors.AsType[*problem](err)
	require.True(t, ok, "%T", err)
	return p
}

// location returns how a problem of a line begins.
func location(file string, line int) string { return fmt.Sprintf("%s:%d: ", file, line) }

// A file of prefixes with many wrong lines does not drown the rest, and one that
// is too long is not read.
func TestPrefixFiles(t *testing.T) {
	dir := t.TempDir()
	many, long := filepath.Join(dir, "many"), filepath.Join(dir, "long")
	require.NoError(t, os.WriteFile(many, []byte(strings.Repeat("x\n", maxPrefixProblems+7)), 0o600))
	require.NoError(t, os.WriteFile(long, nil, 0o600))
	require.NoError(t, os.Truncate(long, maxPrefixFile+1))
	_, err := Load("x.yaml", []byte(`
upstreams: [{name: a, echo: tcp}]
listeners: [{name: l, address: "127.0.0.1:0", routes: [{upstream: a}],
  allow_file: `+many+`,
  deny_file: `+long+`}]
`))
	require.Error(t, err)
	assert.Equal(t, maxPrefixProblems, strings.Count(err.Error(), "want a prefix"))
	assert.Contains(t, err.Error(), many+": 7 more lines are wrong")
	assert.Contains(t, err.Error(), long+" is longer than")
}

// A list of 100,000 prefixes loads at once and decides.
func TestManyPrefixes(t *testing.T) {
	settled(t)
	var b strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&b, "10.%d.%d.0/%d\n", i/400, i%256, 24+i%8)
	}
	b.WriteString("127.0.0.2\n")
	file := filepath.Join(t.TempDir(), "deny")
	require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
	g := start(t, limited(closedPort(t), "deny_file: "+file), nil)
	require.Len(t, g.cfg.Listeners[0].Net.Deny, 100_001)
}

// What a module says about a field that no key is for stands at the entry.
func TestBlame(t *testing.T) {
	list := place{3, "a.list"}
	o := origins{"List": list, "List[1]": {5, "a.list[1]"}}
	for field, want := range map[string]place{"List": list, "List[0]": list, "List[1]": {5, "a.list[1]"}, "Other": {1, "a"}} {
		ps := &problems{file: "x"}
		o.blame(ps, place{1, "a"}, &dialer.Error{Op: "config", Field: field, Err: errBroken})
		require.Len(t, ps.list, 1)
		assert.Equal(t, want, ps.list[0].at, field)
		require.ErrorIs(t, ps.err(), errBroken)
	}
}

// README.md names every key that a file can have.
func TestReadmeNamesEveryKey(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, err = Load("x.yaml", []byte(`
x: 1
listeners: [{x: 1, routes: [{x: 1}], tls: {x: 1}, unix: {x: 1}, keepalive: {x: 1}, proxy_protocol: {x: 1}}]
upstreams: [{x: 1, tls: {x: 1}}]
`))
	lists := regexp.MustCompile(`known are (.*)`).FindAllStringSubmatch(err.Error(), -1)
	require.Len(t, lists, 9, "mappings")
	for _, list := range lists {
		for key := range strings.SplitSeq(list[1], ", ") {
			assert.Regexp(t, "`([a-z_]+(\\[\\])?\\.)?"+key+"(\\.[a-z]+)?`", string(readme), key)
		}
	}
}
