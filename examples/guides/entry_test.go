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

// Every public package of these modules has a package comment with sections, and
// Examples with output that use each function that it is entered by.
func TestEntryPoints(t *testing.T) {
	for _, module := range []string{"sockopt", "dialer", "listener", "tlsx", "httpx", "quicx", "dtlsx"} {
		for _, dir := range publicPackages(t, root+"/"+module) {
			t.Run(strings.TrimPrefix(filepath.ToSlash(dir), root+"/"), func(t *testing.T) {
				p := openPackage(t, dir)
				assert.Contains(t, p.Doc, "\n# ", "sections of the package comment")
				examples := openFolder(t, glob(t, filepath.Join(dir, "*_test.go")))
				examples.reach(false, nil)
				assert.NotEmpty(t, examples.outputs, "Examples with output")
				for _, name := range entryPoints(p) {
					assert.True(t, examples.named[name], "%s is in no Example with output", name)
				}
			})
		}
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
			if slices.ContainsFunc([]string{"New", "Listen", "Dial", "Open", "Join", "Load", "Parse"},
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
