package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLinks have a heading each.
func TestLinks(t *testing.T) {
	s, err := load(spec)
	require.NoError(t, err)
	page, err := s.page()
	require.NoError(t, err)
	headings := map[string]bool{}
	for _, h := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(string(page), -1) {
		a := strings.ToLower(strings.NewReplacer(".", "", " ", "-").Replace(h[1]))
		assert.False(t, headings[a], h[1])
		headings[a] = true
	}
	links := regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(string(page), -1)
	for _, l := range links {
		assert.True(t, headings[l[1]], l[0])
	}
	assert.Greater(t, len(links), 50)
	for _, m := range s.messages {
		for _, f := range fields(m) {
			assert.Contains(t, string(page), "| `"+string(f.Name())+"` |")
		}
	}
}

func TestPage(t *testing.T) {
	page, err := loaded(t, everything).page()
	require.NoError(t, err)
	for _, line := range []string{
		"x.proto: [Everything](#everything), [SockOption](#sockoption), [SockSOOption](#socksooption)",
		"| `flag` | bool |  |", "| `wait` | duration |  |", "| `word` | [Everything.Word](#everythingword) |  |", "| `list` | list of string |  |",
		"| `counts` | map of string to int32 |  |", "| `file` | string, one of \"source\" |  |", "| `any` | any value |  |",
		"| `options` | map of [socket options](#sockoption) by kernel name |  |", "### Everything.Word", "| `b_c` | 1 |  |",
		"| `keepalive` | bool | SO\\_KEEPALIVE: sends probes. |", "$schema=../spec/schema/Everything.json",
	} {
		assert.Contains(t, string(page), line+"\n")
	}
	page, err = loaded(t, "message Gateway {}").page()
	require.NoError(t, err)
	assert.Contains(t, string(page), "schema/Gateway.json")
}

// TestAnchors must differ.
func TestAnchors(t *testing.T) {
	_, err := loaded(t, "message AB {}\nmessage A { message B {} }").page()
	require.EqualError(t, err, "A.B: another heading has the anchor ab")
}
