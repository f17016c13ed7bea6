package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A repository is one that a test makes.
type repository string

func newRepository(t *testing.T) repository {
	t.Helper()
	r := repository(filepath.Join(t.TempDir(), "r"))
	require.NoError(t, os.Mkdir(string(r), 0o700))
	r.git(t, "init", "-q")
	return r
}

func (r repository) git(t *testing.T, args ...string) {
	t.Helper()
	who := []string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"}
	_, err := git(t.Context(), string(r), append(who, args...)...)
	require.NoError(t, err)
}

// write writes files; commit commits them, too, with tags.
func (r repository) write(t *testing.T, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(string(r), name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
}

func (r repository) commit(t *testing.T, files map[string]string, tags ...string) {
	t.Helper()
	r.write(t, files)
	r.git(t, "add", "-A")
	r.git(t, "commit", "-q", "-m", "x")
	for _, tag := range tags {
		r.git(t, "tag", tag)
	}
}

// api runs the program over the repository's modules.
func (r repository) api(t *testing.T, args ...string) (code int, printed, complaint string) {
	t.Helper()
	t.Setenv("GOPROXY", "off")
	listings := filepath.Join(string(r), "listings")
	require.NoError(t, os.MkdirAll(listings, 0o700))
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), append([]string{"-root", string(r), "-listings", listings}, args...), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// Two modules: far has a type of near in its API, from the folder beside it.
func modules() map[string]string {
	const log = "# Changelog\n\n## Unreleased\n\n## v0.1.0\n\n- All.\n"
	return map[string]string{
		"go.work":           "go 1.26\n\nuse (\n\t./far\n\t./near\n\t./internal\n)\n",
		"near/go.mod":       "module example.test/m/near\n\ngo 1.26\n",
		"near/near.go":      "package near\n\ntype T struct{ A int }\n",
		"near/CHANGELOG.md": log,
		"far/go.mod":        "module example.test/m/far\n\ngo 1.26\n\nrequire example.test/m/near v0.1.0\n\nreplace example.test/m/near => ../near\n",
		"far/far.go":        "package far\n\nimport \"example.test/m/near\"\n\nfunc Far(near.T) int { return 0 }\n\ntype C struct{ A int }\n\nfunc (*C) M() {}\n\ntype I interface{ M() }\n",
		"far/sub/sub.go":    "package sub\n\nvar Old, Odd int\n",
		"far/CHANGELOG.md":  log,
		"internal/go.mod":   "module example.test/m/internal\n\ngo 1.26\n",
	}
}

// From its first tag on a module is compared with its last one.
func TestRun_Tagged(t *testing.T) {
	r := newRepository(t)
	r.commit(t, modules())
	code, _, complaint := r.api(t, "-write")
	require.Zero(t, code, complaint)
	code, printed, complaint := r.api(t)
	require.Zero(t, code, complaint)
	assert.Equal(t, "far: compared with its listing: 0 new, 0 gone\nnear: compared with its listing: 0 new, 0 gone\n", printed)

	r.commit(t, map[string]string{"README.md": "Hello.\n"}, "far/v0.1.0", "near/v0.1.0")
	code, printed, complaint = r.api(t)
	require.Zero(t, code, complaint)
	assert.Equal(t, "far: compared with v0.1.0: 0 new, 0 gone\nnear: compared with v0.1.0: 0 new, 0 gone\n", printed)

	code, printed, complaint = r.api(t, "-write", "far")
	require.Zero(t, code, complaint)
	assert.Equal(t, "far: is compared with v0.1.0, and needs no listing\n", printed)
	assert.NoFileExists(t, filepath.Join(string(r), "listings", "far.txt"))
	assert.FileExists(t, filepath.Join(string(r), "listings", "near.txt"))
}

// What nobody's program can notice is compatible, and what one can is not.
func TestRun_TaggedChanges(t *testing.T) {
	r := newRepository(t)
	r.commit(t, modules(), "far/v0.1.0", "near/v0.1.0", "far/v0.2.0-rc.1", "far/vnext")
	r.write(t, map[string]string{
		"near/near.go":           "package near\n\ntype T struct{ A, B int }\n",
		"far/far.go":             "package far\n\nimport \"example.test/m/near\"\n\ntype Same = near.T\n\nfunc Far(Same) int { return 0 }\n\ntype C struct{ A, B int }\n\ntype I interface{ M(); N() }\n",
		"far/sub/sub.go":         "package sub\n\nvar Old string\n",
		"far/sub/sub_windows.go": "package sub\n\nvar Odd, New int\n",
	})
	code, printed, complaint := r.api(t, "near")
	assert.Zero(t, code, complaint)
	assert.Equal(t, "near: compared with v0.1.0: 1 new, 0 gone\n  + T.B: added\n", printed)

	code, printed, complaint = r.api(t, "far")
	assert.Equal(t, 1, code)
	assert.Equal(t, `far: compared with v0.1.0: 3 new, 4 gone
  - (*C).M: removed
  - ./sub.Odd: removed // linux
  - ./sub.Old: changed from int to string
  - I.N: added
  + ./sub.New: added // windows
  + C.B: added
  + Same: added
`, printed)
	for _, name := range []string{"M: (*C).M: removed", "Odd: ./sub.Odd: removed", "Old: ./sub.Old: changed", "N: I.N: added"} {
		assert.Contains(t, complaint, `CHANGELOG.md: nothing under "### Incompatible" of "## Unreleased" names `+name)
	}
}

// The changelog has to name what is gone, and where nobody has been told before.
func TestRun_TaggedAnnounced(t *testing.T) {
	r := newRepository(t)
	r.commit(t, modules(), "near/v0.1.0")
	r.commit(t, map[string]string{"near/near.go": "package near\n\ntype U int\n"})
	for _, tt := range []struct {
		name, log string
		code      int
	}{
		{"not at all", "## Unreleased\n\n- T is gone.\n\n## v0.1.0\n", 1},
		{"another", "## Unreleased\n\n### Incompatible\n\n- Things are gone.\n\n## v0.1.0\n", 1},
		{"long ago", "## Unreleased\n\n## v0.1.0\n\n### Incompatible\n\n- T is gone.\n", 1},
		{"by name", "## Unreleased\n\n### Incompatible\n\n- `T` is gone.\n\n## v0.1.0\n", 0},
		{"in what will be tagged", "## Unreleased\n\n## v0.2.0\n\n### Incompatible\n\n- `T` is gone.\n\n## v0.1.0\n", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.write(t, map[string]string{"near/CHANGELOG.md": "# Changelog\n\n" + tt.log})
			code, printed, complaint := r.api(t, "near")
			assert.Equal(t, "near: compared with v0.1.0: 1 new, 1 gone\n  - T: removed\n  + U: added\n", printed)
			assert.Equal(t, tt.code, code, complaint)
			if code != 0 {
				assert.Equal(t, "api: near: CHANGELOG.md: nothing under \"### Incompatible\" of \"## Unreleased\" names T: "+"T: removed\n", complaint)
			}
		})
	}
}

// A version that is tagged elsewhere is not the last one of this branch.
func TestRun_Branches(t *testing.T) {
	r := newRepository(t)
	r.commit(t, modules(), "near/v0.9.0", "near/v0.10.0")
	r.git(t, "checkout", "-q", "-b", "other")
	r.commit(t, map[string]string{"near/more.go": "package near\n\ntype More int\n"}, "near/v0.11.0")
	r.git(t, "checkout", "-q", "-")
	code, printed, complaint := r.api(t, "near")
	assert.Zero(t, code, complaint)
	assert.Equal(t, "near: compared with v0.10.0: 0 new, 0 gone\n", printed)
}

func TestRun_TaggedFails(t *testing.T) {
	r := newRepository(t)
	files := modules()
	maps.DeleteFunc(files, func(name, _ string) bool { return name == "near/go.mod" })
	r.commit(t, files, "near/v0.1.0")
	r.commit(t, modules(), "far/v0.1.0")
	code, _, complaint := r.api(t, "near")
	assert.Equal(t, 1, code)
	assert.Contains(t, complaint, "near/go.mod: no such file or directory")

	r.write(t, map[string]string{"far/far.go": "package far\n"})
	require.NoError(t, os.Remove(filepath.Join(string(r), "far", "CHANGELOG.md")))
	code, _, complaint = r.api(t, "far")
	assert.Equal(t, 1, code)
	assert.Contains(t, complaint, "CHANGELOG.md: no such file or directory")

	code, _, complaint = repository(t.TempDir()).api(t, "far")
	assert.Equal(t, 1, code)
	assert.Contains(t, complaint, "git tag --merged HEAD --list far/v*: exit status 128\nfatal: not a git repository")
}

func TestSubject(t *testing.T) {
	for line, want := range map[string]string{
		"example.test/m: method (*Number) Set(Number)":                "Set",
		"example.test/m: field Outer.Number Number":                   "Number",
		"example.test/m: func Make[T any](string, ...T) (int, error)": "Make",
		"example.test/m: type Pair[K comparable, V any] struct":       "Pair",
		"example.test/m: const Limit time.Duration = 1000000000":      "Limit",
		"(*C).M: removed":                         "M",
		"./sub.(*C).M: removed":                   "M",
		"./sub.T.Field: removed":                  "Field",
		"Make, method set of *T: removed":         "Make",
		"package example.test/m/sub: removed":     "sub",
		"T: old is comparable, new is not":        "T",
		"example.test/other.T: changed from a: b": "T",
	} {
		assert.Equal(t, want, subject(line), line)
	}
}
