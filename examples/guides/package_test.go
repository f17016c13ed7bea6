package guides

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noExample are packages whose functions are for tests, or take what only a program has.
var noExample = map[string]string{
	"virtnet/virtnettest": "its functions take a *testing.T; a test in its example_test.go shows them",
	"tunx/tunxtest":       "its functions take a *testing.T; the package comment shows them",
}

// What pkg.go.dev shows of these packages has sections, and an Example with output.
func TestPackages(t *testing.T) {
	for _, dir := range []string{
		"virtnet", "virtnet/pipenet", "virtnet/lonet", "virtnet/simnet", "virtnet/virtnettest",
		"tunx", "tunx/tun", "tunx/link", "tunx/pcap", "tunx/dnstruncate", "tunx/dnsintercept", "tunx/dnsintercept/doh", "tunx/tunxtest",
		"netstack", "netstack/forward", "tlsx/pki",
		"spec", "spec/document", "spec/sockspec", "spec/netspec", "spec/tlsspec", "spec/httpspec", "spec/quicspec", "spec/xquicspec", "spec/dtlsspec", "spec/virtspec",
	} {
		t.Run(dir, func(t *testing.T) {
			assert.True(t, slices.ContainsFunc(comments(t, dir), func(text string) bool { return strings.Contains("\n"+text, "\n# ") }),
				"the package comment has no sections")
			if noExample[dir] != "" {
				return
			}
			f := openFolder(t, glob(t, root+"/"+dir+"/*_test.go"))
			f.follow(nil)
			assert.NotEmpty(t, f.outputs, "there is no Example with output")
		})
	}
}

// comments returns the package comments of a folder.
func comments(t *testing.T, dir string) []string {
	t.Helper()
	var texts []string
	for _, name := range glob(t, root+"/"+dir+"/*.go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly|parser.ParseComments)
		require.NoError(t, err)
		if file.Doc != nil {
			texts = append(texts, file.Doc.Text())
		}
	}
	return texts
}

// Every constructor of these modules, and every function that begins something, is
// called by an Example or named in one's name.
func TestConstructors(t *testing.T) {
	for _, dir := range []string{"virtnet", "virtnet/pipenet", "virtnet/lonet", "virtnet/simnet", "tunx", "tunx/pcap", "tunx/dnstruncate", "tunx/dnsintercept", "tunx/dnsintercept/doh", "netstack/forward", "tlsx/pki"} {
		shown := map[string]bool{}
		for _, name := range glob(t, root+"/"+dir+"/*_test.go") {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			require.NoError(t, err)
			for _, f := range functions(file) {
				if strings.HasPrefix(f.Name.Name, "Example") {
					ast.Inspect(f, func(n ast.Node) bool {
						if s, ok := n.(*ast.SelectorExpr); ok {
							shown[s.Sel.Name] = true
						}
						return true
					})
				}
			}
		}
		for _, name := range glob(t, root+"/"+dir+"/*.go") {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			require.NoError(t, err)
			for _, f := range functions(file) {
				if f.Recv == nil && begins(f.Name.Name) {
					assert.True(t, shown[f.Name.Name], "%s: no Example calls %s", filepath.Dir(name), f.Name.Name)
				}
			}
		}
	}
}

// begins tells a function that users start with.
func begins(name string) bool {
	for _, word := range []string{"New", "Open", "Join", "Pipe", "Parse", "Tap", "Run", "AsVirtNet", "Resolver", "Chain", "OverStream"} {
		if strings.HasPrefix(name, word) {
			return true
		}
	}
	return false
}
