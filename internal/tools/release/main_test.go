package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// repository makes a git repository of the given files; names that begin with "tag "
// commit what there is and tag it.
func repository(t *testing.T, steps ...map[string]string) string {
	t.Helper()
	root := t.TempDir()
	git := func(args ...string) { shell(t, root, "git", args...) }
	git("init", "-q")
	for _, files := range steps {
		for name, text := range files {
			if name == "tag" {
				continue
			}
			name = filepath.Join(root, filepath.FromSlash(name))
			require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
			require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		}
		git("add", "-A")
		git("commit", "-q", "-m", "x")
		if tag := files["tag"]; tag != "" {
			git("tag", tag)
		}
	}
	return root
}

// shell runs a program in a repository, whose git knows nobody's settings.
func shell(t *testing.T, root, name string, args ...string) string {
	t.Helper()
	out, err := output(t.Context(), root, []string{
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com",
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
	}, name, args...)
	require.NoError(t, err)
	return out
}

// The two modules of the tests: far uses near.
func first() map[string]string {
	return map[string]string{
		"LICENSE":                   "all yours",
		"go.work":                   "go 1.26\n\nuse (\n\t./far\n\t./near\n\t./internal\n)\n",
		"rules.txt":                 "example.test/m/near: far\n",
		"near/CHANGELOG.md":         changes("v0.1.0"),
		"far/CHANGELOG.md":          changes("v0.1.0"),
		"near/go.mod":               "module example.test/m/near\n\ngo 1.26\n",
		"near/near.go":              "package near\n\nfunc Old() {}\n",
		"near/deep/internal/x/x.go": "package x\n",
		"far/go.mod":                farMod("v0.1.0"),
		"far/far.go":                "package far\n\nimport \"example.test/m/near\"\n\nfunc Far() { near.Old() }\n",
		"far/far_test.go":           "package far\n\nimport \"testing\"\n\nfunc TestFar(*testing.T) { Far() }\n",
		"internal/go.mod":           "module example.test/m/internal\n\ngo 1.26\n",
		"list.txt":                  listHead + "\nfar: 4\n  example.test/m/near\n\nnear: 2\n",
	}
}

// farMod is far's go.mod, which requires a version of near.
func farMod(version string) string {
	return "module example.test/m/far\n\ngo 1.26\n\nrequire example.test/m/near " + version + "\n\nreplace example.test/m/near => ../near\n"
}

// changes is a changelog whose newest version is the given one.
func changes(version string) string {
	return "# Changelog\n\n## Unreleased\n\n## " + version + "\n\n- All of " + version + ".\n"
}

// with returns files with others on top.
func with(files, others map[string]string) map[string]string {
	maps.Copy(files, others)
	return files
}

// check runs the program over a repository and returns what it printed.
func check(t *testing.T, root string, args ...string) (code int, printed, complaint string) {
	t.Helper()
	t.Setenv("GOPROXY", "off")
	return release(t, append([]string{"-root", root, "-list", filepath.Join(root, "list.txt"), "-rules", filepath.Join(root, "rules.txt"), "-table", filepath.Join(root, "table.md")}, args...)...)
}

// release runs the program.
func release(t *testing.T, args ...string) (code int, printed, complaint string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestCheck(t *testing.T) {
	root := repository(t, with(first(), map[string]string{"near/CHANGELOG.md": changes("v0.3.0"), "far/go.mod": farMod("v0.3.0")}))
	profiles := t.TempDir()
	code, printed, complaint := check(t, root, "-test", "-profiles", profiles)
	require.Zero(t, code, complaint)
	assert.Equal(t, "ok  near       v0.3.0: 2 lines of go.sum, links 0 modules\n"+
		"ok  far        v0.1.0: 4 lines of go.sum, links 1 modules\nas in list.txt\n", printed)
	profile, err := os.ReadFile(filepath.Join(profiles, "far.cover"))
	require.NoError(t, err)
	assert.Contains(t, string(profile), "example.test/m/far/far.go:5.12,5.26 1 1\n")
}

// What a user's `go get` does is reported, and compared with the page for users.
func TestCheck_Report(t *testing.T) {
	root := repository(t, first())
	code, _, complaint := check(t, root, "-report")
	assert.Equal(t, 1, code)
	assert.Contains(t, complaint, "table.md: no such file or directory")

	code, _, complaint = check(t, root, "-write")
	require.Zero(t, code, complaint)
	name := filepath.Join(root, "table.md")
	page, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, tableHead+"| module | `go get` downloads | lines of go.sum | all packages link | lines of go.sum |\n|---|---|---:|---|---:|\n"+
		"| `far` | `near` | 4 | `near` | 4 |\n| `near` | nothing | 2 | nothing | 2 |\n", string(page))

	code, printed, complaint := check(t, root, "-report")
	require.Zero(t, code, complaint)
	assert.Contains(t, printed, "    go get example.test/m/far@v0.1.0: 4 lines of go.sum, ")
	assert.Contains(t, printed, "\n      example.test/m/far v0.1.0\n      example.test/m/near v0.1.0\n      and the go.mod of 0 more\nas in list.txt\nas in table.md\n")

	require.NoError(t, os.WriteFile(name, append(page, "more\n"...), 0o600))
	code, _, complaint = check(t, root, "-report")
	assert.Equal(t, 1, code)
	assert.Equal(t, "release: table.md is stale: release -write renews it\n", complaint)
	require.NoError(t, os.WriteFile(name, bytes.Replace(page, []byte("| 4 |\n"), []byte("| 5 |\n"), 1), 0o600))
	code, _, complaint = check(t, root, "-report")
	assert.Equal(t, 1, code)
	assert.Equal(t, "release: table.md is stale (release -write renews it): it does not have\n| `far` | `near` | 4 | `near` | 4 |\n\n", complaint)
}

// -run picks tests, and all of them are built.
func TestCheck_Run(t *testing.T) {
	root := repository(t, with(first(), map[string]string{
		"far/far_test.go": "package far\n\nimport \"testing\"\n\nfunc TestFar(t *testing.T) { t.Fatal(\"here\") }\n\nfunc ExampleFar() {\n\tFar()\n\tprintln()\n\t// Output: far\n}\n",
	}))
	code, _, complaint := check(t, root, "-test", "-run", "^Example")
	assert.Equal(t, 1, code)
	assert.Contains(t, complaint, "--- FAIL: ExampleFar")
	assert.NotContains(t, complaint, "TestFar")
	code, _, complaint = check(t, root, "-test", "-run", "^Fuzz")
	assert.Zero(t, code, complaint)
}

func TestCheck_Lists(t *testing.T) {
	root := repository(t, first())
	name := filepath.Join(root, "list.txt")
	require.NoError(t, os.WriteFile(name, []byte(listHead+"\nfar: 4\n\nnear: 2\n  example.test/old\n\nlost: 1\n"), 0o600))
	code, _, complaint := check(t, root)
	assert.Equal(t, 1, code)
	assert.Equal(t, strings.Join([]string{
		"release: list.txt says otherwise:",
		"  far: new: example.test/m/near",
		"  near: gone: example.test/old",
		"  lost: in the list only",
		"If that is meant: release -write", "",
	}, "\n"), complaint)

	code, _, complaint = check(t, root, "-write")
	require.Zero(t, code, complaint)
	code, printed, complaint := check(t, root)
	require.Zero(t, code, complaint)
	assert.Contains(t, printed, "as in list.txt\n")
}

// What the tree hides: far is built with a near that nobody can get.
func TestCheck_Skew(t *testing.T) {
	root := repository(t, with(first(), map[string]string{"tag": "near/v0.1.0"}), map[string]string{
		"near/near.go": "package near\n\nfunc Old() {}\n\nfunc New() {}\n",
		"far/far.go":   "package far\n\nimport \"example.test/m/near\"\n\nfunc Far() { near.New() }\n",
	})
	code, printed, complaint := check(t, root)
	assert.Equal(t, 1, code)
	assert.Contains(t, printed, "ok  near       v0.1.1-unreleased")
	assert.Contains(t, complaint, "undefined: near.New")

	// It requires what has New, and nobody says that there will be such a version.
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	write("far/go.mod", farMod("v0.2.0"))
	code, _, complaint = check(t, root)
	assert.Equal(t, 1, code)
	assert.Contains(t, complaint, "far: go.mod requires example.test/m/near v0.2.0, which is not tagged, and not what near/CHANGELOG.md prepares: that is v0.1.1-unreleased")

	write("near/CHANGELOG.md", changes("v0.2.0"))
	code, printed, complaint = check(t, root, "far")
	assert.Zero(t, code, complaint)
	assert.Contains(t, printed, "ok  far        v0.1.0: 4 lines of go.sum, links 1 modules\n")
}

// A library that a module must not bring along, though the lists have it.
func TestCheck_Rules(t *testing.T) {
	for _, tt := range []struct{ name, rules, want string }{
		{"others may", "example.test/m/near: other\n", `far links example.test/m/near, which the rule "example.test/m/near" allows to ["other"] only`},
		{"nobody may", "example.test/m:\nexample.test/m/near: far\n", `far links example.test/m/near, which the rule "example.test/m" allows to [] only`},
		{"it has no line", "example.test/m/ne: far\n", `far links example.test/m/near, and no rule allows that`},
		{"it is no rule", "# rules\nnear far\n", `rules.txt:2: "near far" is not like "library: module module"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := repository(t, with(first(), map[string]string{"rules.txt": tt.rules}))
			for _, flag := range []string{"-report=false", "-write"} {
				code, _, complaint := check(t, root, flag)
				assert.Equal(t, 1, code)
				assert.Contains(t, complaint, tt.want)
			}
		})
	}
}

// The repository's own rules: dialer brings no QUIC, and a leaf no sibling's protocol.
func TestRules(t *testing.T) {
	own, err := readRules("rules.txt")
	require.NoError(t, err)
	const quic, sockopt = "github.com/quic-go/quic-go", "github.com/strata-net/strata/sockopt"
	require.NoError(t, own.check("quicx", footprint{linked: []string{quic, sockopt}}))
	for _, tt := range []struct {
		dir  string
		fp   footprint
		want string
	}{
		{"dialer", footprint{linked: []string{sockopt, quic}}, "dialer links " + quic},
		{"dialer", footprint{got: got{modules: []string{quic + " v0.65.0"}}}, "dialer downloads v0.65.0 of " + quic},
		{"sockopt", footprint{linked: []string{"github.com/pion/dtls/v3"}}, "sockopt links github.com/pion/dtls/v3"},
		{"listener", footprint{linked: []string{"github.com/strata-net/strata/dialer"}}, "listener links github.com/strata-net/strata/dialer"},
		{"tlsx", footprint{linked: []string{"github.com/strata-net/strata/tlsx/pki"}}, "tlsx links github.com/strata-net/strata/tlsx/pki"},
		{"httpx", footprint{linked: []string{"google.golang.org/protobuf"}}, "httpx links google.golang.org/protobuf"},
		{"spec", footprint{linked: []string{"gvisor.dev/gvisor"}}, "spec links gvisor.dev/gvisor"},
		{"virtnet", footprint{linked: []string{"example.test/new"}}, "virtnet links example.test/new, and no rule allows that"},
	} {
		assert.ErrorContains(t, own.check(tt.dir, tt.fp), tt.want)
	}
}

func TestCheck_Fails(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		args  []string
		want  []string
	}{
		{"no such module", nil, []string{"near", "middle"}, []string{`no released module in folder "middle"`}},
		{"a module that is not released", map[string]string{
			"far/go.mod": "module example.test/m/far\n\ngo 1.26\n\nrequire example.test/m/internal v0.1.0\n\nreplace example.test/m/internal => ../internal\n",
		}, nil, []string{"far/go.mod: replaces example.test/m/internal by ../internal, which is no released module"}},
		{"a circle", map[string]string{
			"near/go.mod": "module example.test/m/near\n\ngo 1.26\n\nrequire example.test/m/far v0.1.0\n\nreplace example.test/m/far => ../far\n",
		}, nil, []string{"modules require each other in a circle"}},
		{"a go.mod that is not tidy", map[string]string{
			"near/go.mod": "module example.test/m/near\n\ngo 1.26\n\nrequire example.test/m/far v0.1.0\n\nreplace example.test/m/far => ../far\n",
			"far/go.mod":  "module example.test/m/far\n\ngo 1.26\n", "far/far.go": "package far\n\nfunc Far() {}\n",
		}, nil, []string{"near: go mod tidy changes its go.mod"}},
		{"vet, and what needs it", map[string]string{
			"near/near.go": "package near\n\nfunc Old() { return; println() }\n\nfunc bad() int { return \"\" }\n",
		}, nil, []string{"near: go vet", "far: not tried, since it needs near"}},
		{"a test", map[string]string{
			"far/far_test.go": "package far\n\nimport \"testing\"\n\nfunc TestFar(t *testing.T) { t.Fatal(\"here\") }\n",
		}, []string{"-test"}, []string{"far: go test -vet=off -count=1 ./...: exit status 1", "--- FAIL: TestFar", "here"}},
		{"a test of another module's file", map[string]string{
			"far/far_test.go": "package far\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestFar(t *testing.T) {\n\tif _, err := os.Stat(\"../near/near.go\"); err != nil {\n\t\tt.Fatal(err)\n\t}\n}\n",
		}, []string{"-test", "far"}, []string{"stat ../near/near.go: no such file or directory"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := repository(t, with(first(), tt.files))
			code, _, complaint := check(t, root, tt.args...)
			assert.Equal(t, 1, code)
			for _, want := range tt.want {
				assert.Contains(t, complaint, want)
			}
		})
	}
}

func TestRun_Usage(t *testing.T) {
	for _, args := range [][]string{{"-nope"}, {"-run", "x"}, {"-profiles", "x"}, {"-write", "near"}, {"-tags", "-published"}} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, 2, run(t.Context(), args, &stdout, &stderr), args)
		assert.NotEmpty(t, stderr.String())
	}
	var stdout, stderr bytes.Buffer
	assert.Zero(t, run(t.Context(), []string{"-h"}, &stdout, &stderr))
	assert.Equal(t, 1, run(t.Context(), []string{"-root", t.TempDir()}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "go.work")
}
