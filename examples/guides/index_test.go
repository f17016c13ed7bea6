package guides

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The index lists every page of docs.
func TestIndex(t *testing.T) {
	index := read(t, root+"/docs/README.md")
	for _, page := range glob(t, root+"/docs/*.md", root+"/docs/guides/*.md") {
		name, err := filepath.Rel(root+"/docs", page)
		assert.NoError(t, err)
		if name != "README.md" {
			assert.Contains(t, index, "]("+filepath.ToSlash(name)+")")
		}
	}
	assert.Contains(t, read(t, root+"/README.md"), "](docs/README.md)")
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// What the index and the guides link to is there, headings too.
func TestLinks(t *testing.T) {
	for _, page := range append(guides(t), root+"/docs/README.md") {
		for _, found := range link.FindAllStringSubmatch(fence.ReplaceAllString(read(t, page), ""), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(found[1], "#")
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), filepath.FromSlash(path))
			}
			if _, err := os.Stat(target); !assert.NoError(t, err, "%s links to %s", page, found[1]) || anchor == "" {
				continue
			}
			assert.Contains(t, anchors(read(t, target)), anchor, "%s links to %s", page, found[1])
		}
	}
}

var dropped = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchors returns what a page's headings are called in links.
func anchors(text string) []string {
	var found []string
	for line := range strings.Lines(fence.ReplaceAllString(text, "")) {
		if heading := strings.TrimLeft(line, "#"); heading != line && strings.HasPrefix(heading, " ") {
			name := dropped.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			found = append(found, strings.ReplaceAll(name, " ", "-"))
		}
	}
	return found
}
