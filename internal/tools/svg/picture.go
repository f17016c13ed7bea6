package svg

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"os"
	"regexp"
	"strings"
)

// A Picture is what a drawing program does not know of its drawing.
type Picture struct {
	Title  string // what it is, in a few words
	Desc   string // what it shows, for those who do not see it
	Source []byte // what it was drawn from
}

var (
	root     = regexp.MustCompile(`(?s)^.*?<svg\s[^>]*viewBox="([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)"[^>]*>`)
	comments = regexp.MustCompile(`(?s)<!--.*?-->\s*`)
	titles   = regexp.MustCompile(`(?s)<title>.*?</title>\s*`)
	styles   = regexp.MustCompile(`\s+style="([^"]*)"`)
	hexes    = regexp.MustCompile(`"#[0-9A-F]{6}"`)
	families = regexp.MustCompile(`font-family="[^"]*"`)
)

// family is what every system has in about these widths; a picture brings no font along.
const family = `font-family="Liberation Sans,Arimo,Arial,Helvetica,sans-serif"`

// Finish makes a picture of the SVG that Graphviz or gonum/plot has written.
func (p *Picture) Finish(drawn []byte) ([]byte, error) {
	box := root.FindSubmatch(drawn)
	if box == nil {
		return nil, fmt.Errorf("%s: no svg element with a viewBox in what was drawn", p.Title)
	}
	body := drawn[len(box[0]):]
	for _, dropped := range []*regexp.Regexp{comments, titles} {
		body = dropped.ReplaceAll(body, nil)
	}
	body = styles.ReplaceAllFunc(body, attributes)
	body = hexes.ReplaceAllFunc(body, bytes.ToLower)
	body = families.ReplaceAll(body, []byte(family))
	body = bytes.ReplaceAll(body, []byte(`"transparent"`), []byte(`"none"`))
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" width="%s" height="%s" viewBox="%s" data-source="%s">`+"\n",
		box[3], box[4], bytes.Join(box[1:], []byte(" ")), p.Stamp())
	fmt.Fprintf(&b, "<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n<style>%s</style>\n", html.EscapeString(p.Title), html.EscapeString(p.Desc), Style())
	b.Write(body)
	return b.Bytes(), Check(b.Bytes())
}

// attributes turns a style into attributes, which a style sheet takes precedence over.
func attributes(style []byte) []byte {
	var b bytes.Buffer
	for declaration := range strings.SplitSeq(string(styles.FindSubmatch(style)[1]), ";") {
		if name, value, ok := strings.Cut(declaration, ":"); ok {
			fmt.Fprintf(&b, ` %s="%s"`, strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	return b.Bytes()
}

// Stamp identifies what a picture was drawn from, the colours included. The picture has it, so that a stale one is found
// without the program that draws.
func (p *Picture) Stamp() string {
	sum := sha256.New()
	for _, part := range []string{p.Title, p.Desc, string(p.Source), Style()} {
		fmt.Fprintf(sum, "%d %s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// CheckFile finds a file that was drawn from something else, or that breaks the rules.
func (p *Picture) CheckFile(name string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if !bytes.Contains(content, []byte(` data-source="`+p.Stamp()+`"`)) {
		return fmt.Errorf("%s is not current", name)
	}
	if err := Check(content); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
