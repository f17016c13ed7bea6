package guides_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	testNamed = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	testHere  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9_]+)\(`)
)

// Each test that SECURITY.md names is there, and each promise names one.
func TestSecurityNamesTests(t *testing.T) {
	page, err := os.ReadFile("../../SECURITY.md")
	require.NoError(t, err)
	all := testsOf(t, "../..")
	named := testNamed.FindAllStringSubmatch(string(page), -1)
	require.Greater(t, len(named), 50)
	for _, m := range named {
		assert.True(t, all[m[1]], "no test %s", m[1])
	}
	_, promises, found := strings.Cut(string(page), "\n## What is promised\n")
	require.True(t, found)
	promises, _, _ = strings.Cut(promises, "\n## ")
	for line := range strings.Lines(promises) {
		if strings.HasPrefix(line, "- ") {
			assert.Regexp(t, testNamed, line)
		}
	}
	assert.False(t, all["TestNobodyWrote"])
}

// testsOf returns the tests in a folder and all below it.
func testsOf(t *testing.T, root string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range testHere.FindAllSubmatch(text, -1) {
			all[string(m[1])] = true
		}
		return err
	}))
	return all
}
