package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// compile reads the schema of a message as an editor does, with the file that it refers to.
func compile(t *testing.T, dir, message string) *jsonschema.Schema {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile(filepath.Join(dir, message+".json"))
	require.NoError(t, err)
	return compiled
}

func document(t *testing.T, text string) any {
	t.Helper()
	var doc any
	require.NoError(t, yaml.Unmarshal([]byte(text), &doc), text)
	return doc
}

// written writes the schemas of a .proto file.
func written(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range loaded(t, text).editors() {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	return dir
}

const everything = `
// Everything has a field of each kind.
message Everything {
  // One of two words.
  enum Word { a = 0; b_c = 1; }
  // Curves by IANA's names.
  enum Curve {
    // None: an error.
    NONE = 0;
    P256 = 23;
  }
  // Nested message.
  message Inner { optional bool on = 1; }
  optional bool flag = 1;
  optional int32 small = 2;
  optional int64 large = 3;
  optional uint32 positive = 4;
  optional uint64 most = 5;
  optional double share = 6;
  optional string name_of_it = 7;
  optional google.protobuf.Duration wait = 8;
  optional Word word = 9;
  optional Inner inner = 10;
  repeated string list = 11;
  map<string, int32> counts = 12;
  oneof source { string file = 13; string env = 14; string text = 15; }
  map<string, google.protobuf.Value> options = 16;
  map<string, google.protobuf.Value> prefer = 17;
  optional SockOption socket = 18;
  optional google.protobuf.Value any = 19;
  optional Curve curve = 20;
}
message SockOption { optional SockSOOption so = 1; }
message SockSOOption {
  // SO_KEEPALIVE: sends probes.
  optional bool keepalive = 1;
  optional int64 rcvbuf = 2;
  optional uint32 mark = 3;
  optional uint64 max_pacing_rate = 4;
  optional google.protobuf.Duration linger = 5;
  optional bool linger_off = 6;
  optional google.protobuf.Duration keepidle = 7;
  optional string bindtodevice = 8;
}
`

// TestTakes has a value of each kind in each form that documents may have.
func TestTakes(t *testing.T) {
	schema := compile(t, written(t, everything), "Everything")
	for _, text := range []string{
		"{}", "flag: true", "small: -1", "large: 9007199254740993", `large: "9007199254740993"`, "positive: 4294967295",
		`most: "18446744073709551615"`, "share: 0.5", "name_of_it: x", "wait: 30s", "wait: -1.5s", "wait: 0s", "word: b_c",
		"inner: {on: false}", "list: [a, b]", "list: []", "counts: {a: 1, b: 2}", "file: x", "text: x",
		"options: {SO_KEEPALIVE: true, SO_RCVBUF: 1, SO_LINGER: off}", `options: {SO_RCVBUF: "0x1000", SO_MARK: 4294967295}`,
		"prefer: {SO_LINGER: 0, SO_KEEPIDLE: 1m30s}", "options: {SO_LINGER: 1.5s, SO_BINDTODEVICE: eth0}",
		`options: {SO_MAX_PACING_RATE: "18446744073709551615", 6/4: "0x1e000000", 65535/-5: "0x"}`, `options: {SO_KEEPALIVE: "on"}`,
		"socket: {so: {keepalive: false, linger: 0s}}", "socket: {so: {linger_off: true}}", "any: {a: [1, null]}", "curve: P256",
		`small: "1"`, "wait: 1m", "wait: 1m30.5s", "wait: .5h", "name_of_it: 1.10", "flag: ${ON}", "small: ${PORT:-1}", "share: ${SHARE}", "wait: ${WAIT}", `share: "0.5"`,
		`options: {SO_RCVBUF: "${SIZE}", SO_KEEPALIVE: "${ON}", SO_LINGER: "${LINGER}"}`,
	} {
		assert.NoError(t, schema.Validate(document(t, text)), text)
	}
}

// TestRefuses has what is wrong with each kind.
func TestRefuses(t *testing.T) {
	schema := compile(t, written(t, everything), "Everything")
	for _, text := range []string{
		"[]", "x", "unknown: 1", "nameOfIt: x", "flag: yes please", "flag: 1", "small: 2147483648", "small: 1.5", `small: "1.5"`, `flag: "true"`,
		`large: "x"`, "large: true", "positive: -1", "most: -1", `most: "-1"`, "share: a", "name_of_it: true", "wait: 30", "wait: 1 m",
		"wait: 1s2", "wait: 1.s.", "word: c", "word: 1", "word: bC", "inner: {off: true}", "inner: []", "list: a", "list: [true]", "counts: {a: b}",
		"{file: x, env: y}", "{env: x, text: y}", "options: {SO_KEEPALVE: true}", "options: {so_keepalive: true}", "options: {SO_KEEPALIVE: 1}",
		"options: {SO_RCVBUF: 2147483648}", "options: {SO_MARK: -1}", "options: {SO_RCVBUF: 64k}", "options: {SO_LINGER: 5}", "options: {SO_LINGER: on}",
		"prefer: {SO_KEEPIDLE: off}", "prefer: {SO_KEEPIDLE: 30}", "options: {SO_KEEPALIVE: null}", "options: {SO_LINGER_OFF: true}", "options: {SO_BINDTODEVICE: [a]}",
		"curve: NONE", `options: {6/4: "0x1"}`, "options: {6/4: 1}", "options: {6/: 1}", "options: []", "socket: {tcp: {}}", "socket: {so: {KEEPALIVE: true}}",
	} {
		assert.Error(t, schema.Validate(document(t, text)), text)
	}
}

// TestDescriptions come from the comments.
func TestDescriptions(t *testing.T) {
	text := string(loaded(t, everything).editors()[defsName])
	for _, part := range []string{"Everything has a field of each kind.", "One of two words.", "SO_KEEPALIVE: sends probes."} {
		assert.Contains(t, text, part)
	}
}

// TestRoots are what a document may be.
func TestRoots(t *testing.T) {
	files := loaded(t, "message A { optional B b = 1; }\nmessage B {}\nmessage CConfig {}\nmessage D { repeated CConfig c = 1; map<string, E> e = 2; message F {} }\nmessage E {}").editors()
	assert.Len(t, files, 4)
	for _, name := range []string{defsName, "A.json", "CConfig.json", "D.json"} {
		assert.Contains(t, files, name)
	}
}

// TestReal has documents of the schema itself, and its files are JSON Schema.
func TestReal(t *testing.T) {
	dir := filepath.Join(spec, "schema")
	dial := compile(t, dir, "DialConfig")
	for _, text := range []string{
		"{timeout: 5s, options: {TCP_KEEPIDLE: 30s, TCP_NODELAY: true, SO_LINGER: off}}",
		"socket: {tcp: {keepidle: 30s, nodelay: false}, so: {mark: 4294967295, linger_off: true}}",
		"{timeout: 1m30s, tls: {min_version: 1.2}}",
		"prefer: {TCP_CONGESTION: bbr, IP_LOCAL_PORT_RANGE: 40000-50000}",
	} {
		require.NoError(t, dial.Validate(document(t, text)), text)
	}
	for _, text := range []string{
		"timeout: 5", "localAddr: x", "options: {TCP_KEEPIDEL: 30s}", "options: {SO_TYPE: 1}", "socket: {tcp: {type: 1}}", "tls: {min_version: [1.2]}",
	} {
		require.Error(t, dial.Validate(document(t, text)), text)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	require.NoError(t, err)
	require.Greater(t, len(names), 10)
	for _, name := range names {
		compile(t, dir, strings.TrimSuffix(filepath.Base(name), ".json"))
	}
}

// named finds documents that say which schema is theirs, in files and in code blocks.
var named = regexp.MustCompile("(?m)(?:\\A|^```yaml\n)# yaml-language-server: \\$schema=(\\S+)\n((?:[^`]+|`[^`])*)")

// TestDocuments holds every document of the repository to the schema that it names.
func TestDocuments(t *testing.T) {
	var found []string
	require.NoError(t, filepath.WalkDir(root+"/..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" && filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range named.FindAllSubmatch(text, -1) {
			found = append(found, path)
			require.FileExists(t, filepath.Join(spec, "schema", filepath.Base(string(m[1]))), path)
			compiled := compile(t, filepath.Join(spec, "schema"), strings.TrimSuffix(filepath.Base(string(m[1])), ".json"))
			if len(m[2]) > 0 {
				assert.NoError(t, compiled.Validate(document(t, string(m[2]))), path)
			}
		}
		return err
	}))
	for _, name := range []string{"docs/spec.md", "spec/README.md", "internal/tools/specgen/testdata/dial.yaml"} {
		assert.Contains(t, found, filepath.Join(root, "..", name))
	}
}
