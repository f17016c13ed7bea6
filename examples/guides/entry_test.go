package guides

import (
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noExample are packages and functions that are in no Example with output, each with the reason.
var noExample = map[string]string{
	"virtnet/virtnettest": "its functions take a *testing.T; a test in its example_test.go shows them",
	"tunx/tunxtest":       "its functions take a *testing.T; the package comment shows them",
	"netstack.NewSplice":  "it is for who copies between conns of several kinds; package forward does",
}

// What pkg.go.dev shows of every public package: its comment has sections, and there
// are Examples with output that use each function that it is entered by.
func TestEntryPoints(t *testing.T) {
	for _, name := range glob(t, root+"/*/go.mod") {
		module := filepath.Dir(name)
		if base := filepath.Base(module); base == "examples" || base == "internal" {
			continue // never released
		}
		for _, dir := range publicPackages(t, module) {
			path := strings.TrimPrefix(filepath.ToSlash(dir), root+"/")
			t.Run(path, func(t *testing.T) { checkPackage(t, dir, path) })
		}
	}
}

func checkPackage(t *testing.T, dir, path string) {
	t.Helper()
	if path == "spec/strata/v1" {
		return // generated; who maps the messages shows them
	}
	p := openPackage(t, dir)
	assert.Contains(t, "\n"+p.Doc, "\n# ", "sections of the package comment")
	if noExample[path] != "" {
		return
	}
	examples := openFolder(t, glob(t, filepath.Join(dir, "*_test.go")))
	examples.reach(false, nil)
	assert.NotEmpty(t, examples.outputs, "Examples with output")
	if strings.HasPrefix(path, "spec") {
		return // it has builders that are alike, one for each message
	}
	for _, name := range entryPoints(p) {
		assert.True(t, examples.named[name] || noExample[path+"."+name] != "", "%s is in no Example with output", name)
	}
}

// publicPackages returns the folders of a module's packages that others can import.
func publicPackages(t *testing.T, module string) []string {
	t.Helper()
	var dirs []string
	require.NoError(t, filepath.WalkDir(module, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if base := d.Name(); base == "internal" || base == "testdata" {
			return filepath.SkipDir
		}
		if len(glob(t, filepath.Join(name, "*.go"))) > 0 {
			dirs = append(dirs, name)
		}
		return nil
	}))
	require.Contains(t, dirs, module)
	return dirs
}

// openPackage returns the documentation of a package as it is on this system.
func openPackage(t *testing.T, dir string) *doc.Package {
	t.Helper()
	found, err := build.Default.ImportDir(dir, build.ImportComment)
	require.NoError(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range found.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	p, err := doc.NewFromFiles(fset, files, "github.com/strata-net/strata/"+filepath.ToSlash(dir))
	require.NoError(t, err)
	return p
}

// entryPoints are the functions that make the types of a package, or do its work.
func entryPoints(p *doc.Package) []string {
	var names []string
	add := func(funcs []*doc.Func) {
		for _, f := range funcs {
			if slices.ContainsFunc([]string{"New", "Listen", "Dial", "Open", "Join", "Load", "Parse", "Pipe", "Tap", "Run", "AsVirtNet", "Resolver", "Chain", "OverStream"},
				func(prefix string) bool { return strings.HasPrefix(f.Name, prefix) }) {
				names = append(names, f.Name)
			}
		}
	}
	add(p.Funcs)
	for _, typ := range p.Types {
		add(typ.Funcs)
	}
	return names
}
