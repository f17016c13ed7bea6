package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files and docs/aileron.md")

// golden compares with a file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, path)
}

// command runs the program.
func command(stdin string, args ...string) (status int, out, err string) {
	var stdout, stderr bytes.Buffer
	status = run(args, strings.NewReader(stdin), &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

func TestGolden(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, inputs)
	for _, path := range inputs {
		t.Run(path, func(t *testing.T) {
			status, out, errs := command("", filepath.ToSlash(path))
			assert.Zero(t, status)
			base := strings.TrimSuffix(path, ".yaml")
			golden(t, base+".stdout", out)
			golden(t, base+".stderr", errs)
			status, again, _ := command("", "-strict", path)
			assert.Equal(t, 1, status, "something is lost in each")
			assert.Equal(t, out, again)
		})
	}
}

// The page is what the table says.
func TestPage(t *testing.T) {
	golden(t, "../../docs/aileron.md", page())
}

// The table has a row for every field, and no others.
func TestEveryFieldHasARow(t *testing.T) {
	text, err := os.ReadFile("testdata/fields.txt")
	require.NoError(t, err)
	want := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		name, fields, ok := strings.Cut(strings.TrimSpace(line), ":")
		require.True(t, ok, line)
		want[name] = strings.Fields(fields)
	}
	for _, m := range table() {
		var have []string
		for _, r := range m.rows {
			have = append(have, r.field)
		}
		slices.Sort(have)
		fields := slices.Sorted(slices.Values(want[m.name]))
		assert.Equal(t, strings.Join(fields, " "), strings.Join(have, " "), m.name)
		delete(want, m.name)
	}
	assert.Empty(t, want)
}

// Each row does what its table says: the sample is in our field, or reported.
func TestRows(t *testing.T) {
	siblings := map[string]string{
		"localNetwork": "localAddress: 127.0.0.1:0", "blacklist": "networks: [192.0.2.1]",
		"clientCAs": "clientAuth: RequireAndVerifyClientCert", "clientCAsIgnoreSystemCerts": "clientAuth: 4",
		"pingTimeout": "readIdleTimeout: 1000", "network": "addr: 127.0.0.1:1",
		"localPortRangeLower": "localPortRangeUpper: 50000", "localPortRangeUpper": "localPortRangeLower: 40000",
	}
	for _, m := range table() {
		for _, row := range m.rows {
			t.Run(m.name+"/"+row.field, func(t *testing.T) {
				c, r, made := converted(t, m, row.field+": "+row.sample+"\n"+siblings[row.field])
				switch {
				case row.ours == "":
					require.Len(t, r.list, 1)
					assert.True(t, r.list[0].lost)
					assert.Equal(t, "x."+row.field, r.list[0].path)
					assert.Equal(t, row.note, r.list[0].why)
				case strings.HasPrefix(row.ours, "HTTP"):
					require.Len(t, made, 1)
					assert.Equal(t, row.ours, made[0].message)
				case row.ours == "(its fields)":
					assert.NotNil(t, c.get("max_header_bytes"))
				case row.field == "ipv6Option":
					assert.Empty(t, r.list)
				default:
					assert.NotNil(t, c.get(row.ours), "%v", r.list)
					assert.False(t, r.lossy(), "%v", r.list)
				}
			})
		}
	}
}
