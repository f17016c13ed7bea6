package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"os"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A system is an operating system with a table of its own.
type system struct{ title, goos string }

// systems are the columns of the documentation. NetBSD stands for the BSDs that share a table.
var systems = []system{
	{"Linux", "linux"},
	{"Windows", "windows"},
	{"macOS", "darwin"},
	{"FreeBSD", "freebsd"},
	{"BSD", "netbsd"},
}

// A table is what one operating system has.
type table struct {
	system
	catalog []option          // of all systems, in order
	rows    map[string]fields // by kernel name
}

// An option is an entry of the catalog.
type option struct{ ident, name, kind, doc, man string }

// fields are the columns of a row in text form: the value of a constant, the name of a named one.
type fields map[string]string

// load reads the tables of one operating system from the source.
func load(dir string, s system) (table, error) {
	pkgs, err := packages.Load(&packages.Config{
		Dir: dir,
		Env: append(os.Environ(), "GOOS="+s.goos, "GOARCH=amd64", "CGO_ENABLED=0"),
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes |
			packages.NeedTypesInfo | packages.NeedImports | packages.NeedDeps,
	}, ".")
	if err != nil {
		return table{}, err
	}
	r := reader{info: pkgs[0].TypesInfo}
	t := table{system: s, rows: map[string]fields{}}
	for _, file := range pkgs[0].Syntax {
		ast.Inspect(file, func(n ast.Node) bool {
			list, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			switch types.TypeString(r.info.TypeOf(list), noPath) {
			case "[]row":
				r.table(list, t.rows)
			case "[" + strconv.Itoa(len(list.Elts)) + "]entry":
				t.catalog = r.catalog(list)
			}
			return true
		})
	}
	if len(t.catalog) == 0 || len(t.rows) == 0 {
		return table{}, fmt.Errorf("%s: found %d entries of the catalog and %d rows of the table", s.goos, len(t.catalog), len(t.rows))
	}
	for name := range t.rows {
		if !t.knows(name) {
			r.errs = append(r.errs, fmt.Errorf("%s: the catalog lacks %s", s.goos, name))
		}
	}
	return t, errors.Join(r.errs...)
}

func (t table) knows(name string) bool {
	for _, o := range t.catalog {
		if o.name == name {
			return true
		}
	}
	return false
}

// A reader evaluates the literals of one type-checked package.
type reader struct {
	info *types.Info
	errs []error
}

func (r *reader) catalog(list *ast.CompositeLit) []option {
	var options []option
	for _, e := range list.Elts {
		v := e.(*ast.CompositeLit).Elts
		options = append(options, option{r.text(v[0]), r.text(v[1]), r.text(v[2]), r.text(v[3]), r.text(v[4])})
	}
	return options
}

func (r *reader) table(list *ast.CompositeLit, rows map[string]fields) {
	for _, e := range list.Elts {
		f := fields{}
		r.literal(e.(*ast.CompositeLit), f)
		if _, twice := rows[f["Name"]]; twice {
			r.errs = append(r.errs, fmt.Errorf("%s has two rows", f["Name"]))
		}
		rows[f["Name"]] = f
	}
}

// literal adds the fields of a struct literal, and of the Info inside of it.
func (r *reader) literal(lit *ast.CompositeLit, f fields) {
	for _, e := range lit.Elts {
		kv := e.(*ast.KeyValueExpr)
		key := kv.Key.(*ast.Ident).Name
		if inner, ok := kv.Value.(*ast.CompositeLit); ok && key == "Info" {
			r.literal(inner, f)
			continue
		}
		f[key] = r.text(kv.Value)
	}
}

// text is the value of an expression: numbers and strings as they are, constants of named types by their name,
// lists by their elements.
func (r *reader) text(e ast.Expr) string {
	if lit, ok := e.(*ast.CompositeLit); ok {
		return r.list(lit)
	}
	tv, ok := r.info.Types[e]
	if !ok || tv.Value == nil {
		return types.ExprString(e)
	}
	if _, named := tv.Type.(*types.Named); named && tv.Value.Kind() == constant.Int && types.TypeString(tv.Type, noPath) != "Networks" {
		return types.ExprString(e)
	}
	if tv.Value.Kind() == constant.String {
		return constant.StringVal(tv.Value)
	}
	return tv.Value.ExactString()
}

func noPath(*types.Package) string { return "" }

// list is "-1, 1..255" for spans and "-1" for numbers.
func (r *reader) list(lit *ast.CompositeLit) string {
	var parts []string
	for _, e := range lit.Elts {
		span, ok := e.(*ast.CompositeLit)
		if !ok {
			parts = append(parts, r.text(e))
			continue
		}
		low, high := r.text(span.Elts[0]), r.text(span.Elts[1])
		if low != high {
			low += ".." + high
		}
		parts = append(parts, low)
	}
	return strings.Join(parts, ", ")
}

// number reads a field as an integer, 0 if it is not there.
func (f fields) number(key string) int {
	n, _ := strconv.Atoi(f[key])
	return n
}
