package document_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/document"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// laughs is the document in which each of nine anchors repeats the one before it
// nine times.
func laughs() string {
	var b strings.Builder
	b.WriteString("options:\n  a0: &a0 [lol]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "  a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	return b.String()
}

// keyed is the document in which each of 20 anchors has the one before it as a key
// twice.
func keyed() string {
	var b strings.Builder
	b.WriteString("options:\n  a0: &a0 {x: 1}\n")
	for i := 1; i <= 20; i++ {
		fmt.Fprintf(&b, "  a%d: &a%d {? *a%d : 1, ? *a%d : 2}\n", i, i, i-1, i-1)
	}
	return b.String()
}

// numbered repeats a line with numbers up to about n bytes.
func numbered(line string, n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, line, i)
	}
	return b.String()
}

// What is made to hurt is refused, or read, in little time and memory.
func TestHostile(t *testing.T) {
	const size, long = 1 << 20, 1 << 18 // what is linear is seen in less
	all := func(s string) string { return strings.Repeat(s, size/len(s)) }
	text := func(s string) string { return strings.Repeat(s, long/len(s)) }
	for _, test := range []struct {
		name string
		f    document.Format
		doc  string
		want string // "" is no error
	}{
		{"brackets", document.YAML, strings.Repeat("[", 90_000), "nested deeper than 64"},
		{"brackets in JSON", document.JSON, strings.Repeat("[", 100_000), "nested deeper than 64"},
		{"objects in JSON", document.JSON, strings.Repeat(`{"options":`, 100_000), "nested deeper than 64"},
		{"blocks", document.YAML, strings.Repeat("- ", 90_000), "nested deeper than 64"},
		{"questions", document.YAML, strings.Repeat("? ", 90_000), "nested deeper than 64"},
		{"laughs", document.YAML, laughs(), "more than 100000 values"},
		{"laughs in keys", document.YAML, keyed(), "a key must be text"},
		{"aliases", document.YAML, "options:\n  a: &a 1\n  b:\n" + all("  - *a\n"), "more than 100000 values"},
		{"items", document.YAML, "options: {a: [" + all("a,") + "]}", "more than 100000 values"},
		{"items in JSON", document.JSON, `{"options":{"a":[` + all("1,") + "1]}}", "more than 100000 values"},
		{"lines", document.YAML, all("-\n"), "more than 100000 values"},
		{"keys", document.YAML, numbered("a%d: 1\n", 2*size), "more than 100000 values"},
		{"handles", document.YAML, numbered("%%TAG !a%d! b\n", size) + "--- 1\n", "more than 16 times %TAG"},
		{"documents", document.YAML, all("---\n"), "more than 100000 values"},
		{"unknown fields", document.YAML, numbered("a%d: 1\n", 300_000), "and more errors from here on"},
		{"unknown fields in JSON", document.JSON, "{" + numbered(`"a%d": 1,`, 300_000) + `"b": 1}`, "and more errors from here on"},
		{"comments", document.YAML, text("#\n"), "empty"},
		{"spaces", document.YAML, strings.Repeat(" ", long), "empty"},
		{"spaces in JSON", document.JSON, strings.Repeat(" ", size), "ends"},
		{"colons", document.YAML, strings.Repeat(":", long), "unknown field"},
		{"a long key", document.YAML, strings.Repeat("k", long) + ": 1", "unknown field"},
		{"a long key in JSON", document.JSON, `{"` + strings.Repeat("k", size) + `": 1}`, "unknown field"},
		{"long text", document.YAML, "local_addr: " + strings.Repeat("x", long), ""},
		{"long text in JSON", document.JSON, `{"local_addr": "` + strings.Repeat("x", size) + `"}`, ""},
		{"escapes", document.JSON, `{"local_addr": "` + text(`\n`) + `"}`, ""},
		{"lines of text", document.YAML, "local_addr: |\n" + text(" x\n"), ""},
		{"long number", document.YAML, "options: {a: " + strings.Repeat("9", long) + "}", ""},
		{"long number in JSON", document.JSON, `{"options": {"a": ` + strings.Repeat("9", size) + "}}", "no value of JSON"},
		{"long duration", document.YAML, "timeout: " + strings.Repeat("9", long) + "s", "must be a duration"},
		{"a value too long", document.YAML, strings.Repeat(" ", 4<<20+1), "longer than 4194304 bytes"},
		{"text form", document.Text, all("tls {"), "nested deeper than 64"},
		{"text form, many", document.Text, all("options{}"), "more than 100000 values"},
		{"wire form, many", document.Binary, all("\x22\x00"), "more than 100000 values"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := cpuTime(t)
			_, err := document.Unmarshal("", []byte(test.doc), &specv1.DialConfig{}, &document.Options{Format: test.f})
			took := cpuTime(t) - start
			runtime.ReadMemStats(&after)
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.want)
				assert.Less(t, len(err.Error()), 100_000)
			}
			assert.Less(t, took, 30*time.Second) // without bounds it is minutes
			used := (after.TotalAlloc - before.TotalAlloc) >> 20
			assert.Less(t, used, uint64(700), "MiB in all, much of it collected on the way")
			t.Logf("%v, %d MiB, %d bytes", took.Round(time.Millisecond), used, len(test.doc))
		})
	}
}

// A document in the wire form can be nested as deeply as one in YAML, no more.
func TestWireDepth(t *testing.T) {
	nested := func(n int) []byte {
		v := structpb.NewBoolValue(true)
		for range n {
			v = structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{v}})
		}
		data, err := proto.Marshal(&specv1.DialConfig{Options: map[string]*structpb.Value{"a": v}})
		require.NoError(t, err)
		return data
	}
	for _, f := range []document.Format{document.YAML, document.JSON, document.Binary} {
		var m specv1.DialConfig
		_, err := document.Unmarshal("", nested(60), &m, &document.Options{Format: document.Binary})
		require.NoError(t, err)
		doc, err := document.Marshal(&m, f)
		require.NoError(t, err)
		_, err = document.Unmarshal("", doc, &m, &document.Options{Format: f})
		require.NoError(t, err)
	}
	_, err := document.Unmarshal("", nested(200), &specv1.DialConfig{}, &document.Options{Format: document.Binary})
	require.EqualError(t, err, "nested deeper than 64")
}

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		o    document.Options
		doc  string
		want string
	}{
		{document.Options{MaxBytes: 11}, "timeout: 1s", ""},
		{document.Options{MaxBytes: 10}, "timeout: 1s", "longer than 10 bytes"},
		{document.Options{MaxDepth: 1}, "timeout: 1s", ""},
		{document.Options{MaxDepth: 1}, "tls: {}", "tls: nested deeper than 1"},
		{document.Options{MaxDepth: 1000}, "options: {a: " + strings.Repeat("[", 900) + strings.Repeat("]", 900) + "}", ""},
		{document.Options{MaxDepth: 1000}, "options: {a: " + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}", "nested deeper than 1000"},
		{document.Options{MaxNodes: 2}, "timeout: 1s", ""},
		{document.Options{MaxNodes: 2}, "timeout: 1s\ntls: {}", "more than 2 values"},
		{document.Options{MaxErrors: 1}, "a: 1\nb: 1\nc: 1", "and more errors from here on"},
		{document.Options{MaxErrors: 3}, "a: 1\nb: 1\nc: 1", "c: unknown field"},
		{document.Options{MaxBytes: -1}, "{}", "document: MaxBytes: -1: negative"},
		{document.Options{MaxDepth: -1}, "{}", "document: MaxDepth: -1: negative"},
		{document.Options{MaxNodes: -1}, "{}", "document: MaxNodes: -1: negative"},
		{document.Options{MaxErrors: -1}, "{}", "document: MaxErrors: -1: negative"},
		{document.Options{MaxDepth: 1001}, "{}", "document: MaxDepth: 1001: at most 1000"},
		{document.Options{Format: 9}, "{}", "no such format: Format(9)"},
		{document.Options{Format: -1}, "{}", "no such format: Format(-1)"},
	} {
		_, err := document.Unmarshal("", []byte(test.doc), &specv1.DialConfig{}, &test.o)
		if test.want == "" {
			assert.NoError(t, err, test.doc)
			continue
		}
		require.ErrorContains(t, err, test.want)
		if test.o.MaxErrors > 0 {
			assert.LessOrEqual(t, len(spec.Errors(err)), test.o.MaxErrors+1)
		}
	}
}
