package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// public is the repository of the tests at a place from which the go command gets modules
// by git without asking anybody.
func public(t *testing.T) string {
	t.Helper()
	files := first()
	for name, text := range files {
		files[name] = strings.ReplaceAll(text, "example.test/m", "github.com/example-test/m")
	}
	return repository(t, files)
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
}

func read(t *testing.T, root, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return string(data)
}

// From what is unreleased to what users get, twice.
func TestRelease(t *testing.T) {
	root := public(t)
	commit := func() { shell(t, root, "git", "add", "-A"); shell(t, root, "git", "commit", "-q", "-m", "x") }
	_, _, complaint := check(t, root, "-published")
	assert.Equal(t, "release: near: no version is tagged\nfar: no version is tagged\n", complaint)

	code, printed, complaint := check(t, root, "-tags")
	require.Zero(t, code, complaint)
	head := strings.TrimSpace(shell(t, root, "git", "rev-parse", "HEAD"))
	assert.Equal(t, `set -e

git tag --cleanup=verbatim -a near/v0.1.0 `+head+` -m 'near/v0.1.0

- All of v0.1.0.'

git tag --cleanup=verbatim -a far/v0.1.0 `+head+` -m 'far/v0.1.0

- All of v0.1.0.'

# All at once: nobody gets one without those that it requires.
# git push --atomic origin near/v0.1.0 far/v0.1.0
`, printed)
	shell(t, root, "sh", "-c", printed)
	code, printed, complaint = check(t, root, "-published")
	require.Zero(t, code, complaint)
	assert.Regexp(t, `^ok  near       v0\.1\.0: 2 lines of go\.sum, 1 modules, \d+ KiB\nok  far        v0\.1\.0: 4 lines of go\.sum, 2 modules, \d+ KiB\n$`, printed)
	code, printed, complaint = check(t, root, "-tags")
	require.Zero(t, code, complaint)
	assert.Equal(t, "# Nothing to tag: the newest version of each changelog is.\n", printed)

	write(t, root, "near/near.go", "package near\n\nfunc Old() {}\n\nfunc New() {}\n")
	write(t, root, "near/CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n- It's New.\n\n### Incompatible\n\n- None.\n\n## v0.1.0\n\n- All.\n")
	code, printed, complaint = check(t, root, "-prepare", "v0.2.0", "near")
	require.Zero(t, code, complaint)
	assert.Equal(t, "written: "+filepath.Join(root, "near/CHANGELOG.md")+"\nwritten: "+filepath.Join(root, "far/go.mod")+"\n", printed)
	assert.Contains(t, read(t, root, "near/CHANGELOG.md"), "## Unreleased\n\n## v0.2.0\n\n- It's New.\n\n### Incompatible\n\n- None.\n\n## v0.1.0\n")
	assert.Contains(t, read(t, root, "far/go.mod"), "require github.com/example-test/m/near v0.2.0\n\nreplace ")
	commit()
	code, printed, complaint = check(t, root, "-tags")
	require.Zero(t, code, complaint)
	shell(t, root, "sh", "-c", printed)
	assert.Equal(t, "near/v0.2.0\n\n- It's New.\n\n### Incompatible\n\n- None.\n", shell(t, root, "git", "tag", "--list", "--format=%(contents)", "near/v0.2.0"))
	code, printed, complaint = check(t, root, "-published", "near")
	require.Zero(t, code, complaint)
	assert.Contains(t, printed, "ok  near       v0.2.0: ")
}

// What must not be tagged.
func TestTags_Refuses(t *testing.T) {
	for _, tt := range []struct {
		name, file, text string
		dirty            bool
		only, want       string
	}{
		{"what is not committed", "near/new.go", "package near\n", true, "", "not committed:\n?? near/new.go\n"},
		{"unreleased", "near/CHANGELOG.md", "## Unreleased\n\n- A.\n\n## v0.1.0\n\n- B.\n", false, "", "near/CHANGELOG.md: v0.1.0 would have what stands under Unreleased: release -prepare v0.1.0 near"},
		{"no notes", "near/CHANGELOG.md", "## Unreleased\n\n## v0.1.0\n", false, "", "near/CHANGELOG.md: nothing stands under v0.1.0"},
		{"no such version", "far/go.mod", farMod("v0.0.0"), false, "", "far: go.mod requires example.test/m/near v0.0.0, which is not tagged, and not what near/CHANGELOG.md prepares: that is v0.1.0"},
		{"without what it requires", "far/far.go", "package far\n", false, "far", "far: go.mod requires example.test/m/near v0.1.0, which is not tagged and not to be"},
		{"a changelog that is none", "far/CHANGELOG.md", "# Changelog\n", false, "", `far/CHANGELOG.md: its first section is not "## Unreleased"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := repository(t, first())
			write(t, root, tt.file, tt.text)
			if !tt.dirty {
				shell(t, root, "git", "commit", "-qam", "x")
			}
			code, printed, complaint := check(t, root, append([]string{"-tags"}, strings.Fields(tt.only)...)...)
			assert.Equal(t, 1, code)
			assert.Empty(t, printed)
			assert.Contains(t, complaint, tt.want)
		})
	}
}

// Nothing is written unless all can be.
func TestPrepare_Refuses(t *testing.T) {
	root := repository(t, with(first(), map[string]string{"tag": "near/v0.1.0"}))
	for version, want := range map[string]string{
		"v0.1.0": "near/v0.1.0 is tagged",
		"v0.0.9": "far/CHANGELOG.md: v0.0.9 is older than v0.1.0",
		"next":   `"next" is no version, as v1.2.3`,
	} {
		code, printed, complaint := check(t, root, "-prepare", version)
		assert.Equal(t, 1, code)
		assert.Empty(t, printed)
		assert.Contains(t, complaint, want)
	}
	assert.Empty(t, shell(t, root, "git", "status", "--porcelain"))
}

// This repository itself, as the next version of everything: two of its modules are got as
// users will get them.
func TestRelease_Clone(t *testing.T) {
	origin, err := filepath.Abs("../../..")
	require.NoError(t, err)
	root := filepath.Join(t.TempDir(), "clone")
	shell(t, t.TempDir(), "git", "-c", "safe.directory=*", "clone", "-q", "--depth=1", "--no-tags", fileURL(origin), root)
	own := func(args ...string) string {
		code, printed, complaint := release(t, append([]string{"-root", root}, args...)...)
		require.Zero(t, code, complaint)
		return printed
	}
	const version = "v0.99.0"
	own("-prepare", version)
	// A module of which nothing is unreleased has no notes then.
	for name := range strings.FieldsSeq(shell(t, root, "git", "ls-files", "--", "*CHANGELOG.md")) {
		text := strings.Replace(read(t, root, name), "## "+version+"\n", "## "+version+"\n\n- As before.\n", 1)
		write(t, root, name, text)
	}
	shell(t, root, "git", "commit", "-qam", "x")
	shell(t, root, "sh", "-c", own("-tags"))
	printed := own("-published", "sockopt", "dialer")
	assert.Regexp(t, `^ok  sockopt    v0\.99\.0: 4 lines of go\.sum, 2 modules, \d+ KiB\nok  dialer     v0\.99\.0: 12 lines of go\.sum, 6 modules, \d+ KiB\n$`, printed)
}
