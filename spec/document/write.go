package document

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// writeJSON writes n; begin is a line end and the indent of the line that n
// stands in.
func writeJSON(b *strings.Builder, n *node, begin string) {
	switch {
	case n.kind == object && len(n.entries) > 0:
		for i, e := range n.entries {
			b.WriteString(map[bool]string{true: "{", false: ","}[i == 0] + begin + "  " + jsonText(e.key.text) + ": ")
			writeJSON(b, e.value, begin+"  ")
		}
		b.WriteString(begin + "}")
	case n.kind == array && len(n.items) > 0:
		for i, item := range n.items {
			b.WriteString(map[bool]string{true: "[", false: ","}[i == 0] + begin + "  ")
			writeJSON(b, item, begin+"  ")
		}
		b.WriteString(begin + "]")
	default:
		b.WriteString(jsonScalar(n))
	}
}

func jsonScalar(n *node) string {
	switch n.kind {
	case object:
		return "{}"
	case array:
		return "[]"
	case null:
		return "null"
	case text:
		return jsonText(n.text)
	}
	return n.text
}

// jsonText quotes s. DEL is written as an escape, which YAML wants.
func jsonText(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) //nolint:errchkjson // a string can always be
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\x7f", `\u007f`)
}

func yamlText(n *node) ([]byte, error) {
	return yaml.Dump(yamlNode(n), yaml.WithIndent(2), yaml.WithLineWidth(-1), yaml.WithQuotePreference(yaml.QuoteDouble))
}

func yamlNode(n *node) *yaml.Node {
	switch n.kind {
	case object:
		y := &yaml.Node{Kind: yaml.MappingNode}
		for _, e := range n.entries {
			y.Content = append(y.Content, yamlNode(e.key), yamlNode(e.value))
		}
		return y
	case array:
		y := &yaml.Node{Kind: yaml.SequenceNode}
		for _, item := range n.items {
			y.Content = append(y.Content, yamlNode(item))
		}
		return y
	case null:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	case text:
		return yamlScalar(n.text)
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: n.text}
}

var (
	// bareText needs no quotes in any version of YAML, apart from oldWord.
	bareText = regexp.MustCompile(`^(?:[A-Za-z_/][A-Za-z0-9_./+-]*(?::[A-Za-z0-9_./+-]+)*|[0-9]+(?:\.[0-9]+){3}(?:[:/][0-9]+)?)$`)
	oldWord  = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null)$`)
	// lines is text of several, such as PEM, that a block keeps as it is.
	lines = regexp.MustCompile(`^(?:[!-~](?:[ -~]*[!-~])?\n){2,}$`)
	// span is a duration: it begins with a digit and is no number.
	span = regexp.MustCompile(`^-?[0-9.]+s$`)
)

func yamlScalar(s string) *yaml.Node {
	y := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Style: yaml.DoubleQuotedStyle}
	switch {
	case bareText.MatchString(s) && !oldWord.MatchString(s), span.MatchString(s):
		y.Style = 0
	case lines.MatchString(s):
		y.Style = yaml.LiteralStyle
	}
	return y
}
