package results_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/tools/results"
)

const page = "# Results\n\n| lost | x |\n|---|---|\n| a | 1 |\n\n" +
	"`go run ./b -n 1`; more. Machine.\n\n- 0.97 of it\n\n" +
	"| case | ratio |\n|---|---|\n| by hand | 1.00 |\n| - | --- |\n\n| other | x |\n|---|---|\n| c | 2 |\n\n" +
	"The same with `-n 2`.\n\n| case | ratio |\n|---|---|\n| by hand | 3.00 |\n\n" +
	"```sh\ngo run ./d -way '^(x|y)$'\n```\n\n| way |\n|---|\n| x |\n\n## Next\n\n| way | y |\n|---|---|\n| x | 1 |\n"

// TestRuns: tables belong to a command that is whole, and to none in another section.
func TestRuns(t *testing.T) {
	assert.Equal(t, []results.Run{
		{Command: "go run ./b -n 1", First: 11, Last: 18, Tables: []results.Table{
			{Columns: []string{"case", "ratio"}, Rows: [][]string{{"by hand", "1.00"}, {"-", "---"}}},
			{Columns: []string{"other", "x"}, Rows: [][]string{{"c", "2"}}},
		}},
		{Command: "go run ./d -way '^(x|y)$'", First: 30, Last: 32, Tables: []results.Table{{Columns: []string{"way"}, Rows: [][]string{{"x"}}}}},
	}, results.Runs(page))
	assert.Empty(t, results.Runs(""))
	assert.Equal(t, "GOWORK=off go run -C x .", results.Runs("`GOWORK=off go run -C x .` does")[0].Command)
}

func set() *results.Set {
	return &results.Set{
		Command: "go run ./b -x 'a|b' <in", Date: "2026-01-02", Commit: "abc", Machine: "M", Conditions: "C",
		Modules: map[string]string{"x": "v1"},
		Tables: []results.Table{
			{Columns: []string{"case", "µs & <b>"}, Rows: [][]string{{"a", "1"}, {`"b"`, "2"}}},
			{Columns: []string{"d", "e"}, Rows: [][]string{{"f", ""}}},
		},
	}
}

func TestFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.json")
	require.NoError(t, set().Write(name))
	read, err := results.Read(name)
	require.NoError(t, err)
	assert.Equal(t, set(), read)
	assert.Equal(t, "case", read.Tables[0].Name())
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Contains(t, string(content), "\n    {\"columns\": [\"case\",\"µs & <b>\"], \"rows\": [\n      [\"a\",\"1\"],\n      [\"\\\"b\\\"\",\"2\"]]},\n    {\"columns\": [\"d\",\"e\"]")

	require.NoError(t, (&results.Set{}).Write(name))
	read, err = results.Read(name)
	require.NoError(t, err)
	assert.Empty(t, read.Tables)
}

func TestBadFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.json")
	_, err := results.Read(name)
	require.ErrorIs(t, err, os.ErrNotExist)
	for content, want := range map[string]string{
		"{":            "x.json: unexpected EOF",
		`{"other": 1}`: `x.json: json: unknown field "other"`,
		`{"tables": [{"columns": ["a"], "rows": [["b"]]}]}`:            `table ["a"]: no columns or no rows`,
		`{"tables": [{"columns": ["a", "b"], "rows": []}]}`:            `table ["a" "b"]: no columns or no rows`,
		`{"tables": [{"columns": ["a", "b"], "rows": [["c"]]}]}`:       `table "a": row ["c"] has 1 cells: want 2`,
		`{"tables": [{"columns": ["a", "b"], "rows": [["c", 1, 2]]}]}`: "cannot unmarshal number",
	} {
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
		_, err := results.Read(name)
		assert.ErrorContains(t, err, want)
	}
	bad := set()
	bad.Tables[0].Rows[0] = nil
	assert.ErrorContains(t, bad.Write(name), `table "case": row [] has 0 cells: want 2`)
	assert.Error(t, set().Write(filepath.Join(name, "y")))
}

// FuzzRuns: whatever a page has, its tables can be written and read again, or are refused.
func FuzzRuns(f *testing.F) {
	f.Add(page)
	f.Add("`go run x`\n|a|b|\n||\n|\n||||")
	f.Add("`go run x`\n|a|\xff|\n|-|-|\n|<|\u2028|")
	f.Fuzz(func(t *testing.T, text string) {
		name := filepath.Join(t.TempDir(), "x.json")
		for _, r := range results.Runs(strings.ToValidUTF8(text, "?")) {
			assert.LessOrEqual(t, r.First, r.Last)
			set := &results.Set{Command: r.Command, Tables: r.Tables}
			if set.Write(name) != nil {
				continue
			}
			read, err := results.Read(name)
			require.NoError(t, err)
			require.Len(t, read.Tables, len(set.Tables))
			for i := range set.Tables {
				assert.Equal(t, set.Tables[i], read.Tables[i])
			}
		}
	})
}
