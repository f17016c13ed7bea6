package guides

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root is the repository, seen from here.
const root = "../.."

// A block is what stands between fences of a page.
type block struct {
	kind string // the word after the opening fence: go, yaml, sh or text
	text string
	line int // of the opening fence
}

var fence = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

func blocks(t *testing.T, page string) []block {
	t.Helper()
	text := read(t, page)
	var found []block
	for _, at := range fence.FindAllStringSubmatchIndex(text, -1) {
		found = append(found, block{
			kind: text[at[2]:at[3]],
			text: text[at[4]:at[5]],
			line: 1 + strings.Count(text[:at[0]], "\n"),
		})
	}
	return found
}

// of returns the texts of the blocks of a kind.
func of(kind string, list []block) []string {
	var texts []string
	for _, b := range list {
		if b.kind == kind {
			texts = append(texts, b.text)
		}
	}
	return texts
}

// guides are the pages that are held to everything.
func guides(t *testing.T) []string {
	t.Helper()
	pages := glob(t, root+"/docs/guides/*.md")
	require.NotEmpty(t, pages)
	return pages
}

// matches tells whether output is what a text block shows. "..." in the block is
// anything, on a line of its own also several lines or none.
func matches(shown, output string) bool {
	var pattern strings.Builder
	pattern.WriteString(`\A`)
	for line := range strings.Lines(shown) {
		if strings.TrimSpace(line) == "..." {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		line = regexp.QuoteMeta(strings.TrimRight(line, " \n"))
		pattern.WriteString(strings.ReplaceAll(line, `\.\.\.`, `.*`) + ` *\n`)
	}
	pattern.WriteString(`\z`)
	return regexp.MustCompile(pattern.String()).MatchString(output)
}

// Somebody looks at each block of a guide: no kind of block goes unchecked, and no
// text block stands alone, or shows nothing.
func TestKinds(t *testing.T) {
	for _, page := range guides(t) {
		before := ""
		for _, b := range blocks(t, page) {
			assert.Contains(t, []string{"go", "yaml", "sh", "text"}, b.kind, "%s:%d", page, b.line)
			if b.kind == "text" {
				assert.Contains(t, []string{"go", "sh"}, before, "%s:%d: whose output is this?", page, b.line)
				assert.NotEmpty(t, strings.Trim(b.text, ". \n"), "%s:%d: shows nothing", page, b.line)
			}
			before = b.kind
		}
		assert.Zero(t, strings.Count("\n"+read(t, page), "\n```")%2, "%s: a fence is open", page)
		assert.NotContains(t, read(t, page), "\n~~~", "%s: fences are ```", page)
	}
}

func TestMatches(t *testing.T) {
	const output = "listening on 127.0.0.1:4711\nasked for x, got y  \ndone\n"
	for shown, want := range map[string]bool{
		output: true,
		"listening on 127.0.0.1:...\nasked for x, got y\ndone\n": true,
		"listening on ...\n...\n":                                true,
		"...\ndone\n":                                            true,
		"...\n...\ndone\n":                                       true,
		"listening on ...\n...\nasked for x, got y\n...\ndone\n": true, // no line is several too
		"listening on ...\n":                                     false,
		"listening on ...\ndone\n":                               false,
		"done\n":                                                 false,
		"...\nDone\n":                                            false,
		"listening on 127x0.0.1:4711\n...\n":                     false,
		"":                                                       false,
	} {
		assert.Equal(t, want, matches(shown, output), shown)
	}
}

func glob(t *testing.T, patterns ...string) []string {
	t.Helper()
	var names []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.FromSlash(pattern))
		require.NoError(t, err)
		names = append(names, found...)
	}
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}
