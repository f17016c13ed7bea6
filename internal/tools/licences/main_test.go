package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mit is a licence that wants a notice, gpl one that wants more.
const mit = `MIT License

Copyright (c) 2020 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`

const gpl = `This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version.

This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License for more details.

You should have received a copy of the GNU General Public License along with this program. If not, see <https://www.gnu.org/licenses/>.
`

// copying is a file that is known by its digest.
const copying = "This project is dual-licensed under the Unlicense and MIT licenses.\n\nYou may use this code under the terms of either license.\n"

// others are the modules of others, in folders beside the repository.
func others() map[string]string {
	return map[string]string{
		"linked/LICENSE":          mit,
		"linked/linked.go":        "package linked\n",
		"linked/sub/LICENSE.go":   "package sub\n", // no licence, whatever it is called
		"linked/sub/COPYING":      copying,
		"linked/unused/LICENSE":   gpl,
		"linked/unused/unused.go": "package unused\n",
		"windows/Licence.txt":     mit,
		"windows/windows.go":      "package windows\n",
		"tested/UNLICENSE":        mit,
		"tested/tested.go":        "package tested\n",
		"program/licenses-mit.md": mit,
		"program/LICENSE":         mit,
		"program/program.go":      "package program\n",
		"tool/COPYING":            gpl,
		"tool/main.go":            "package main\n\nfunc main() {}\n",
	}
}

// ours are the repository's.
func ours() map[string]string {
	return map[string]string{
		"m/m.go":                     "package m\n\nimport _ \"example.test/linked\"\nimport _ \"example.test/linked/sub\"\n",
		"m/m_windows.go":             "package m\n\nimport _ \"example.test/windows\"\n",
		"m/m_test.go":                "package m\n\nimport _ \"example.test/tested\"\nimport _ \"example.test/linked\"\n",
		"examples/main.go":           "package main\n\nimport _ \"example.test/program\"\nimport _ \"example.test/m\"\n\nfunc main() {}\n",
		"internal/tools/tools.go":    "package tools\n",
		"internal/testdata/x/go.mod": "module example.test/never\n",
	}
}

// repository makes both, with go.mod files by which each of ours finds all others.
func repository(t *testing.T, ours, others map[string]string) string {
	t.Helper()
	top := t.TempDir()
	write := func(name, text string) {
		name = filepath.Join(top, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	for name, text := range ours {
		write("r/"+name, text)
	}
	for name, text := range others {
		write(name, text)
		dir, _, _ := strings.Cut(name, "/")
		write(dir+"/go.mod", "module example.test/"+dir+"\n\ngo 1.26\n")
	}
	for dir, needs := range map[string]string{"m": "linked windows tested", "examples": "program m linked windows tested", "internal/tools": "tool"} {
		text := "module example.test/" + dir + "\n\ngo 1.26\n"
		for n := range strings.FieldsSeq(needs) {
			target := filepath.Join(top, n)
			if n == "m" {
				target = filepath.Join(top, "r/m")
			}
			text += "\nrequire example.test/" + n + " v1.2.3\nreplace example.test/" + n + " => " + target + "\n"
		}
		if dir == "internal/tools" {
			text += "\ntool example.test/tool\n"
		}
		write("r/"+dir+"/go.mod", text)
	}
	_, err := output(t.Context(), filepath.Join(top, "r"), nil, "git", "init", "-q")
	require.NoError(t, err)
	return filepath.Join(top, "r")
}

// licences runs the program over a repository.
func licences(t *testing.T, root string, args ...string) (code int, printed, complaint string) {
	t.Helper()
	t.Setenv("GOPROXY", "off")
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), append([]string{"-root", root, "-page", filepath.Join(root, "page.md")}, args...), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestRun(t *testing.T) {
	root := repository(t, ours(), others())
	code, _, complaint := licences(t, root)
	assert.Equal(t, 1, code)
	assert.Contains(t, complaint, "page.md: no such file or directory")

	code, printed, complaint := licences(t, root, "-write")
	require.Zero(t, code, complaint)
	assert.Equal(t, "Linked by the released modules: 2 modules\nLinked by their tests only: 1 modules\n"+
		"Linked by examples, benchmarks and integration tests: 1 modules\nTools: 1 modules\n", printed)
	name := filepath.Join(root, "page.md")
	page, err := os.ReadFile(name)
	require.NoError(t, err)
	for _, want := range []string{
		"| `example.test/linked` | v1.2.3 | MIT | m |\n| `example.test/windows` | v1.2.3 | MIT | m |\n\n## Linked by their tests only\n",
		"| `example.test/tested` | v1.2.3 | MIT | m |\n\n",
		"| `example.test/program` | v1.2.3 | MIT | examples |\n\n",
		"| `example.test/tool` | v1.2.3 | GPL-3.0-or-later | internal/tools |\n",
	} {
		assert.Contains(t, string(page), want)
	}
	code, _, complaint = licences(t, root)
	assert.Zero(t, code, complaint)

	require.NoError(t, os.WriteFile(name, append(page, "| more |\n"...), 0o600))
	code, _, complaint = licences(t, root)
	assert.Equal(t, 1, code)
	assert.Equal(t, "licences: page.md is stale: licences -write renews it\n", complaint)
	require.NoError(t, os.WriteFile(name, bytes.Replace(page, []byte("v1.2.3 | GPL"), []byte("v1.2.2 | GPL"), 1), 0o600))
	code, _, complaint = licences(t, root)
	assert.Equal(t, 1, code)
	assert.Contains(t, complaint, "page.md is stale (licences -write renews it): it does not have\n| `example.test/tool` | v1.2.3")
}

// What must not be used is refused, and no page is written that has it.
func TestRun_Refuses(t *testing.T) {
	for _, tt := range []struct{ name, file, text, want string }{
		{"copyleft", "windows/Licence.txt", gpl, "example.test/windows v1.2.3, of m: GPL-3.0-or-later may want more than a notice"},
		{"in the tests", "tested/UNLICENSE", gpl, "example.test/tested v1.2.3, of m: GPL-3.0-or-later may want more"},
		{"in a program", "program/LICENSE", gpl, "example.test/program v1.2.3, of examples: GPL-3.0-or-later AND MIT may want more"},
		{"in the folder of a package", "linked/sub/LICENSE", gpl, "example.test/linked v1.2.3, of m: GPL-3.0-or-later AND MIT may want more"},
		{"of one's own making", "tested/UNLICENSE", "Ask me.\n", "example.test/tested v1.2.3, of m: no known licence in UNLICENSE"},
		{"a second one that is", "linked/sub/LICENSE.txt", "Not on Sundays.\n", "example.test/linked v1.2.3, of m: no known licence in sub/LICENSE.txt"},
		{"another wording of one that was read", "linked/sub/COPYING", copying + "Or not.\n", "example.test/linked v1.2.3, of m: no known licence in sub/COPYING"},
		{"none", "tested/UNLICENSE", "", "example.test/tested v1.2.3, of m: no file with a licence"},
		{"none of a tool", "tool/COPYING", "", "example.test/tool v1.2.3, of internal/tools: no file with a licence"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			theirs := others()
			theirs[tt.file] = tt.text
			if tt.text == "" {
				delete(theirs, tt.file)
			}
			root := repository(t, ours(), theirs)
			code, _, complaint := licences(t, root, "-write")
			assert.Equal(t, 1, code)
			assert.Contains(t, complaint, tt.want)
			assert.NoFileExists(t, filepath.Join(root, "page.md"))
		})
	}
}

func TestRun_Fails(t *testing.T) {
	code, _, complaint := licences(t, t.TempDir())
	assert.Equal(t, 1, code)
	assert.Contains(t, complaint, "git ls-files")
	assert.Contains(t, complaint, "not a git repository")

	files := ours()
	files["m/m.go"] = "package m\n\nimport _ \"example.test/missing\"\n"
	code, _, complaint = licences(t, repository(t, files, others()))
	assert.Equal(t, 1, code)
	assert.Contains(t, complaint, "licences: m: for linux: go list")
	assert.Contains(t, complaint, "example.test/missing")

	code, _, _ = licences(t, ".", "-nope")
	assert.Equal(t, 2, code)
	code, _, _ = licences(t, ".", "-h")
	assert.Zero(t, code)
}
