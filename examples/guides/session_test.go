package guides

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// notRun are lines of sh blocks that the session of a page leaves out, each with
// the reason.
var notRun = map[string]string{}

var goRun = regexp.MustCompile(`\bgo (?:run|build)(?: -\S+| -o \S+)* \./(\S+)`)

// programs returns the folders of this repository whose program an sh block runs
// or builds.
func programs(text string) []string {
	names := map[string]bool{}
	for _, found := range goRun.FindAllStringSubmatch(text, -1) {
		names[path.Clean(found[1])] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// What is left out is in a guide, and has a reason.
func TestNotRun(t *testing.T) {
	var text strings.Builder
	for _, page := range guides(t) {
		text.WriteString("\n" + strings.Join(of("sh", blocks(t, page)), "\n"))
	}
	for line, reason := range notRun {
		assert.Contains(t, text.String(), "\n"+line+"\n")
		assert.NotEmpty(t, reason, line)
	}
}

func TestPrograms(t *testing.T) {
	assert.Equal(t, []string{"examples/gateway", "examples/x", "examples/z"},
		programs("go run ./examples/x -a &\ngo build -o \"$dir/z\" -race ./examples/z\ngo run -race ./examples/gateway/\ngo run ./examples/x >x\ngo vet ./examples/y\n"))
}
