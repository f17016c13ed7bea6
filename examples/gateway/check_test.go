package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/spec"
)

// testdata/bad.txt is what -check prints of bad.yaml: every error at once.
func TestCheckPrintsEveryError(t *testing.T) {
	want, err := os.ReadFile(filepath.Join("testdata", "bad.txt"))
	require.NoError(t, err)
	out, err := program(t, "-check", filepath.Join("testdata", "bad.yaml")).Output()
	assert.Equal(t, 1, status(t, err))
	dir, err := os.Getwd()
	require.NoError(t, err)
	assert.Equal(t, string(want), strings.ReplaceAll(string(out), dir+string(filepath.Separator), ""))
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
		{"empty", "", "x.yaml:1: "},
		{"bracket", "drain: 1s\nlisteners: [\n", "x.yaml:3: "},
		{"tab", "drain: 1s\n\tlisteners: 1\n", "x.yaml:2: "},
		{"unknown", "drains: 1s\n", "x.yaml:1: drains: "},
		{"kind", "drain: 1s\nlisteners: 1\n", "x.yaml:2: listeners: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load("x.yaml", []byte(test.text), nil)
			require.Error(t, err)
			assert.Contains(t, err.Error(), test.want)
		})
	}
}

func TestCheckMissingFile(t *testing.T) {
	var out bytes.Buffer
	file := filepath.Join(t.TempDir(), "nowhere.yaml")
	assert.Equal(t, 1, checkFile(file, nil, &out))
	assert.Contains(t, out.String(), file)
	assert.Contains(t, out.String(), "no such file")
}

// An alias repeats what its anchor says, and a file cannot use that to stand
// for more than there is time to look at.
func TestAliases(t *testing.T) {
	cfg, err := Load("x.yaml", []byte(`
upstreams: [{name: a, echo: tcp, dial: {options: &o {TCP_KEEPIDLE: 9s}}}]
listeners: [{name: l, address: "127.0.0.1:0", options: *o, routes: [{upstream: a}]}]
`), nil)
	require.NoError(t, err)
	assert.Equal(t, "TCP_KEEPIDLE=9s", cfg.Listeners[0].Options.String())

	many := "routes: &r [" + strings.Repeat("{},", 2000) + "]\nlisteners: [" +
		strings.Repeat("{routes: *r},", 2000) + "]\n"
	_, err = Load("x.yaml", []byte(many), nil)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "more than 100000")
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
		cfg, err := Load("x.yaml", data, nil)
		if err != nil {
			require.Nil(t, cfg)
			for line := range strings.SplitSeq(err.Error(), "\n") {
				require.NotEmpty(t, line)
			}
			for _, p := range spec.Errors(err) {
				require.Positive(t, p.Line, p)
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
			}
			newRouter(n.Routes)
		}
	})
}

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
`), nil)
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
	require.Len(t, g.listeners()[0].cfg.Net.Deny, 100_001)
}

// A PROXY header speaks for all of its conn, so that no version but HTTP/1.1 works
// with it.
func TestProxyProtocolNeedsHTTP1(t *testing.T) {
	text := func(versions string) []byte {
		return fmt.Appendf(nil, `
upstreams: [{name: up, address: "a:80", dial: {proxy_protocol: 2}, %s}]
listeners: [{name: web, address: "127.0.0.1:0", protocol: http, routes: [{upstream: up}]}]
`, versions)
	}
	_, err := Load("x.yaml", text("http_versions: [h2c]"), nil)
	require.ErrorContains(t, err, "x.yaml:2: upstreams[0].http_versions: with dial.proxy_protocol")
	_, err = Load("x.yaml", text("http_versions: [http1, h2c]"), nil)
	require.NoError(t, err)
}
