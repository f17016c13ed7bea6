package changelog

import (
	"slices"
	"strings"
	"unicode"
)

// split takes a section apart at the titles in it, as "### Incompatible". The first part
// has none.
func split(text string) []section {
	blocks := strings.Split("\n"+text, "\n### ")
	parts := []section{{text: trim(blocks[0])}}
	for _, block := range blocks[1:] {
		title, rest, _ := strings.Cut(block, "\n")
		parts = append(parts, section{strings.TrimSpace(title), trim(rest)})
	}
	return parts
}

// merge appends one section's text to another's, each part to the part of the same title.
func merge(text, more string) string {
	parts := split(text)
	for _, p := range split(more) {
		i := slices.IndexFunc(parts, func(s section) bool { return s.title == p.title })
		if i < 0 {
			parts = append(parts, p)
			continue
		}
		parts[i].text = continued(parts[i].text, p.text)
	}
	blocks := make([]string, 0, len(parts))
	for _, p := range parts {
		if p.title != "" {
			p.text = trim("### " + p.title + "\n\n" + p.text)
		}
		if p.text != "" {
			blocks = append(blocks, p.text)
		}
	}
	return strings.Join(blocks, "\n\n")
}

// continued puts one text under another. A list goes on; all else is a new paragraph.
func continued(text, more string) string {
	last := text[strings.LastIndexByte(text, '\n')+1:]
	switch {
	case text == "" || more == "":
		return text + more
	case strings.HasPrefix(more, "- ") && (strings.HasPrefix(last, "- ") || strings.HasPrefix(last, "  ")):
		return text + "\n" + more
	default:
		return text + "\n\n" + more
	}
}

// trim takes empty lines away. What the first line begins with stays: with a space before
// it, "## " is no title.
func trim(text string) string {
	return strings.TrimLeft(strings.TrimRightFunc(text, unicode.IsSpace), "\n")
}
