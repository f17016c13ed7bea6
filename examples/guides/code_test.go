package guides

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A folder of Go files, with what its tests run.
type folder struct {
	fset    *token.FileSet
	files   map[string]*ast.File
	lines   map[string][]string
	outputs []string        // what its Examples print
	run     map[string]bool // names of the functions that tests and Examples get to
	named   map[string]bool // all names in them
}

// Each Go block of a guide is a copy of code that a test runs, and a text block
// below it is what an Example beside that code prints.
func TestCode(t *testing.T) {
	folders := openFolders(t)
	for _, page := range guides(t) {
		list := blocks(t, page)
		for i, b := range list {
			if b.kind != "go" {
				continue
			}
			home := folderOf(folders, b.text)
			if !assert.NotNil(t, home, "%s:%d: no test runs this code:\n%s", page, b.line, b.text) {
				continue
			}
			if i+1 < len(list) && list[i+1].kind == "text" {
				shown := list[i+1]
				assert.True(t, slices.ContainsFunc(home.outputs, func(output string) bool { return matches(shown.text, output) }),
					"%s:%d: no Example beside the code above prints this:\n%s", page, shown.line, shown.text)
			}
		}
	}
}

// openFolders parses the programs of this module and the examples of all others.
func openFolders(t *testing.T) []*folder {
	t.Helper()
	names := map[string][]string{}
	for _, name := range glob(t, root+"/*/example*_test.go", root+"/*/*/example*_test.go", root+"/*/*/*/example*_test.go",
		"../*/*.go", "*/*.go") {
		names[filepath.Dir(name)] = append(names[filepath.Dir(name)], name)
	}
	var folders []*folder
	for _, dir := range slices.Sorted(maps.Keys(names)) {
		folders = append(folders, openFolder(t, names[dir]))
	}
	main := program(t)
	for _, f := range folders {
		f.follow(main)
	}
	return folders
}

func openFolder(t *testing.T, names []string) *folder {
	t.Helper()
	f := &folder{fset: token.NewFileSet(), files: map[string]*ast.File{}, lines: map[string][]string{}}
	for _, name := range names {
		text := read(t, name)
		file, err := parser.ParseFile(f.fset, name, text, parser.ParseComments)
		require.NoError(t, err)
		f.files[name], f.lines[name] = file, strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	}
	return f
}

// follow finds what tests, Examples and the programs in the folders of mains get
// to: by name, which is enough to tell code that is run from code that nobody calls.
func (f *folder) follow(mains map[string]bool) { f.reach(true, mains) }

// reach is follow, with or without tests.
func (f *folder) reach(tests bool, mains map[string]bool) {
	calls, todo := map[string][]*ast.FuncDecl{}, []string{}
	for name, file := range f.files {
		for _, d := range functions(file) {
			calls[d.Name.Name] = append(calls[d.Name.Name], d)
			if tests && strings.HasSuffix(name, "_test.go") && strings.HasPrefix(d.Name.Name, "Test") {
				todo = append(todo, d.Name.Name)
			}
		}
		for _, e := range doc.Examples(file) {
			if e.Output != "" || e.EmptyOutput {
				f.outputs = append(f.outputs, e.Output)
				todo = append(todo, "Example"+e.Name)
			}
		}
		if mains[absolute(filepath.Dir(name))] {
			todo = append(todo, "main")
		}
	}
	f.run, f.named = map[string]bool{}, map[string]bool{}
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if f.run[name] || calls[name] == nil {
			continue
		}
		f.run[name] = true
		for _, d := range calls[name] {
			ast.Inspect(d, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					f.named[id.Name] = true
					todo = append(todo, id.Name)
				}
				return true
			})
		}
	}
}

func functions(file *ast.File) []*ast.FuncDecl {
	var found []*ast.FuncDecl
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			found = append(found, f)
		}
	}
	return found
}

// folderOf returns the folder that has a block in functions that are run.
func folderOf(folders []*folder, text string) *folder {
	want := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if strings.TrimSpace(text) == "" {
		return nil
	}
	for _, f := range folders {
		for name, lines := range f.lines {
			for at := 0; at+len(want) <= len(lines); at++ {
				if same(lines[at:], want) && f.runs(name, at+1, at+len(want)) {
					return f
				}
			}
		}
	}
	return nil
}

// same tells whether lines begin with want, which stands at most one tab further
// left: the body of a function does.
func same(lines, want []string) bool {
	for _, indent := range []string{"", "\t"} {
		equal := true
		for i := 0; equal && i < len(want); i++ {
			if want[i] == "" {
				equal = lines[i] == ""
			} else {
				rest, ok := strings.CutPrefix(lines[i], indent)
				equal = ok && rest == want[i]
			}
		}
		if equal {
			return true
		}
	}
	return false
}

// runs tells whether the lines belong to at least one function, and every
// function among them is run.
func (f *folder) runs(name string, first, last int) bool {
	some := false
	for _, d := range functions(f.files[name]) {
		if f.fset.Position(d.End()).Line < first || f.fset.Position(d.Pos()).Line > last {
			continue
		}
		some = true
		if !f.run[d.Name.Name] {
			return false
		}
	}
	return some
}

// program returns the folders of programs that the guides run.
func program(t *testing.T) map[string]bool {
	t.Helper()
	mains := map[string]bool{}
	for _, page := range guides(t) {
		for _, text := range of("sh", blocks(t, page)) {
			for _, name := range programs(text) {
				mains[absolute(filepath.Join(root, name))] = true
			}
		}
	}
	return mains
}

func TestCodeIsRun(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x_test.go")
	write(t, name, `package x

func ExampleA() {
	reached()
	// Output: 1
}

func ExampleB() {
	onlyCompiled()
}

func reached() {
	one := 1

	_ = one
}

func onlyCompiled() {
	two := 2
}

type t int
`)
	f := openFolder(t, []string{name})
	f.follow(nil)
	for text, want := range map[string]bool{
		"one := 1\n":                                true,
		"one := 1\n\n_ = one\n":                     true,
		"\tone := 1\n\n\t_ = one\n}\n":              true,
		"reached()\n":                               true,
		"func reached() {\n\tone := 1\n":            true,
		"two := 2\n":                                false,
		"onlyCompiled()\n":                          false,
		"_ = one\n}\n\nfunc onlyCompiled() {\n":     false,
		"\t_ = one\n}\n\nfunc onlyCompiled() {\n":   false,
		"type t int\n":                              false,
		"one := 2\n":                                false,
		"\n":                                        false,
		"one := 1\n\n_ = one\n\nsomething beyond\n": false,
	} {
		assert.Equal(t, want, folderOf([]*folder{f}, text) != nil, text)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
}

func absolute(name string) string {
	name, err := filepath.Abs(name)
	if err != nil {
		panic(err) // there is no working directory
	}
	return name
}
