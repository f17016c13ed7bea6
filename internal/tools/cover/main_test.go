package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const sample = "testdata/sample"

// realProfile runs the sample module's tests and returns the profile that the
// go command wrote.
func realProfile(t *testing.T) string {
	t.Helper()
	profile := filepath.Join(t.TempDir(), "sample.cover")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-coverprofile="+profile, "-coverpkg=example.test/sample/...", "./...")
	cmd.Dir = sample
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return profile
}

func TestMeasure(t *testing.T) {
	m, err := measure(sample, realProfile(t))
	require.NoError(t, err)

	assert.Equal(t, "example.test/sample", m.path)
	// Two test binaries wrote a profile of sample.go: the union counts, once.
	assert.Equal(t, []file{{name: "sample.go", covered: 4, total: 5}}, m.files)
	assert.Equal(t, 3, m.generated)
}

func TestRun(t *testing.T) {
	arg := sample + "=" + realProfile(t)
	line := "example.test/sample                           80.00 %      4 of     5 statements  "
	tests := []struct {
		name string
		args []string
		want int
		text string
	}{
		{
			"over the objective", []string{"-min=70", "-goal=80", arg}, exitOK,
			line + "ok (3 generated statements not counted)\nminimum 70 %, objective 80 %\n",
		},
		{
			"at the minimum", []string{"-min=80", "-goal=81", arg}, exitOK,
			line + "under the objective (3 generated statements not counted)\nminimum 80 %, objective 81 %\n",
		},
		{
			"under the default minimum", []string{arg}, exitUnder,
			line + "under the minimum (3 generated statements not counted)\nminimum 95 %, objective 98 %\n",
		},
		{
			"one good and one bad", []string{"-min=80.1", arg, arg}, exitUnder,
			line + "under the minimum (3 generated statements not counted)\n" +
				line + "under the minimum (3 generated statements not counted)\nminimum 80.1 %, objective 98 %\n",
		},
		{
			"with files", []string{"-min=1", "-goal=1", "-files", arg}, exitOK,
			line + "ok (3 generated statements not counted)\n" +
				"  sample.go                                   80.00 %      4 of     5 statements\nminimum 1 %, objective 1 %\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			assert.Equal(t, tt.want, run(tt.args, &stdout, &stderr))
			assert.Equal(t, tt.text, stdout.String())
			assert.Empty(t, stderr.String())
		})
	}
}

func TestRunRefuses(t *testing.T) {
	write := func(text string) string {
		name := filepath.Join(t.TempDir(), "profile")
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		return name
	}
	noModule := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(noModule, "go.mod"), []byte("go 1.26.0\n"), 0o600))

	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no argument", nil, "no module given"},
		{"unknown flag", []string{"-max=1"}, "flag provided but not defined: -max"},
		{"no profile", []string{sample}, `argument "testdata/sample": want DIR=PROFILE`},
		{"no folder", []string{"=x"}, `argument "=x": want DIR=PROFILE`},
		{"folder without go.mod", []string{"testdata=x"}, "module testdata: open testdata/go.mod"},
		{"go.mod without module", []string{noModule + "=x"}, "has no module line"},
		{"missing profile", []string{sample + "=missing"}, "read missing"},
		{"not a profile", []string{sample + "=" + write("hello\n")}, "bad mode line"},
		{"no statement", []string{sample + "=" + write("mode: set\n")}, "has no statement of example.test/sample"},
		{
			"another module's file",
			[]string{sample + "=" + write("mode: set\nfmt/print.go:1.1,2.2 1 1\n")},
			"names fmt/print.go, which is not in example.test/sample (the profile needs -coverpkg=example.test/sample/... alone)",
		},
		{
			"source file gone",
			[]string{sample + "=" + write("mode: set\nexample.test/sample/gone.go:1.1,2.2 1 1\n")},
			"open testdata/sample/gone.go",
		},
		{"the second is named as well", []string{"a", "b"}, `argument "b"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			assert.Equal(t, exitFailed, run(tt.args, &stdout, &stderr))
			assert.Contains(t, stderr.String(), tt.want)
			assert.Empty(t, stdout.String())
		})
	}
}
