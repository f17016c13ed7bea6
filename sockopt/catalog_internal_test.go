package sockopt

import (
	_ "embed"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each option of every platform has documentation and names of its own, and stands among those of its level.
func TestCatalog(t *testing.T) {
	levels := []string{"SO_", "IP_", "IPV6_", "TCP_", "UDP_"}
	names, idents, level := map[string]bool{}, map[string]bool{}, 0
	for _, e := range catalog {
		assert.False(t, names[e.name], "%s stands twice", e.name)
		assert.False(t, idents[e.ident], "%s stands twice", e.ident)
		names[e.name], idents[e.ident] = true, true
		assert.True(t, token.IsExported(e.ident), e.ident)
		assert.NotEmpty(t, e.doc, e.name)
		assert.NotEmpty(t, e.man, e.name)
		assert.False(t, strings.HasSuffix(e.doc, "."), "%s: the generator adds the stop", e.name)
		assert.NotEmpty(t, e.kind.String(), e.name)
		assert.NotEqual(t, KindBytes, e.kind, e.name)
		for !strings.HasPrefix(e.name, levels[level]) {
			level++
			require.Less(t, level, len(levels), "%s is out of order", e.name)
		}
	}
}

// The rows of this platform's table are complete, and all that it has is in the catalog, whose order they get.
func TestRows(t *testing.T) {
	require.Len(t, byName, len(catalog))
	supported := 0
	for i := range rows {
		r, e := &rows[i], catalog[i]
		assert.Equal(t, []any{e.name, e.ident, e.kind, e.doc, e.man}, []any{r.Name, r.Ident, r.Kind, r.Doc, r.Man})
		assert.Same(t, r, byName[e.name])
		if r.Supported {
			supported++
			testRowIsSound(t, r)
		}
	}
	assert.Equal(t, len(table), supported, "a name stands twice in the table")
}

// wiresOf has the C types that hold the values of a kind.
var wiresOf = map[Kind][]wire{
	KindBool:      {wireInt},
	KindInt:       {wireInt, wireNetIndex, wireMreqn},
	KindUint32:    {wireInt},
	KindUint64:    {wireUint64},
	KindDuration:  {wireInt, wireTimeval, wireTimeval64},
	KindLinger:    {wireLinger},
	KindString:    {wireString},
	KindPortRange: {wireInt},
}

func testRowIsSound(t *testing.T, r *row) {
	t.Helper()
	assert.NotZero(t, r.Networks, r.Name)
	assert.NotEmpty(t, r.Stage.String(), r.Name)
	assert.False(t, r.ReadOnly && r.WriteOnly, r.Name)
	assert.False(t, r.Condition != "" && r.Capability == "", r.Name)
	assert.False(t, r.Stage != Bind && r.Until == BeforeBind, "%s: its stage is too late", r.Name)
	for _, s := range r.Range {
		assert.LessOrEqual(t, s.Min, s.Max, r.Name)
	}
	for _, n := range r.Reset {
		assert.True(t, r.inRange(value{n: n * r.perUnit()}), "%s: %d", r.Name, n)
	}
	if r.Kind == KindDuration || r.Kind == KindLinger {
		assert.Contains(t, []string{"s", "ms", "µs"}, r.Unit, r.Name)
		assert.True(t, r.ReadOnly || r.Range != nil, "%s: every duration has bounds", r.Name)
	}
	assert.Contains(t, wiresOf[r.Kind], r.wire, r.Name)
	for _, s := range r.Range {
		assert.False(t, r.wire == wireInt && s.Max > math.MaxInt32, "%s: %d is no int", r.Name, s.Max)
	}
}

// perUnit is what one unit is in a value.
func (r *row) perUnit() int64 {
	if r.Kind == KindDuration || r.Kind == KindLinger {
		return int64(r.scale())
	}
	return 1
}

// Twins name each other, mean values of the same kind and unit, and share no network.
func TestTwinRows(t *testing.T) {
	twins := 0
	for i := range rows {
		r := &rows[i]
		if r.Twin == "" {
			assert.Nil(t, r.twin, r.Name)
			continue
		}
		twins++
		require.NotNil(t, r.twin, "%s: %s is in no table", r.Name, r.Twin)
		assert.True(t, r.twin.Supported, r.Twin)
		assert.Equal(t, r.Twin, r.twin.Name)
		assert.Equal(t, r.Name, r.twin.Twin)
		assert.Same(t, r, r.twin.twin)
		assert.Equal(t, r.Kind, r.twin.Kind, r.Name)
		assert.Equal(t, r.Unit, r.twin.Unit, r.Name)
		assert.Equal(t, r.Stage, r.twin.Stage, r.Name)
		assert.Equal(t, r.ReadBack, r.twin.ReadBack, r.Name)
		assert.Zero(t, r.Networks&r.twin.Networks&^MPTCP, r.Name)
		assert.True(t, r.Networks&inet4 == 0 || r.Networks&inet6 == 0, "%s is of one version of IP", r.Name)
		assert.NotEqual(t, r.Level, r.twin.Level, r.Name)
	}
	assert.Zero(t, twins%2)
	assert.True(t, twins > 0 || len(table) == 0)
}

// handlesSource is read here, so that the test needs nothing but its binary.
//
//go:embed handles.go
var handlesSource string

// Each entry of the catalog has one exported handle, which is named and typed as the entry says and is for its row.
func TestHandles(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "handles.go", handlesSource, parser.SkipObjectResolution)
	require.NoError(t, err)
	found := map[int]bool{}
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		require.True(t, ok, "handles.go has more than variables")
		if g.Tok == token.IMPORT {
			continue
		}
		for _, s := range g.Specs {
			ident, goType, index := handleSpec(t, s.(*ast.ValueSpec))
			assert.Equal(t, catalog[index].ident, ident)
			assert.Equal(t, goTypeOf(catalog[index].kind), goType, ident)
			assert.False(t, found[index], ident)
			found[index] = true
		}
	}
	assert.Len(t, found, len(catalog))
}

// handleSpec takes apart "X = Handle[T]{&rows[N]}".
func handleSpec(t *testing.T, spec *ast.ValueSpec) (ident, goType string, index int) {
	t.Helper()
	literal := spec.Values[0].(*ast.CompositeLit)
	handle := literal.Type.(*ast.IndexExpr)
	require.Equal(t, "Handle", handle.X.(*ast.Ident).Name)
	element := literal.Elts[0].(*ast.UnaryExpr).X.(*ast.IndexExpr)
	require.Equal(t, "rows", element.X.(*ast.Ident).Name)
	index, err := strconv.Atoi(element.Index.(*ast.BasicLit).Value)
	require.NoError(t, err)
	switch x := handle.Index.(type) {
	case *ast.Ident:
		goType = x.Name
	case *ast.SelectorExpr:
		goType = x.X.(*ast.Ident).Name + "." + x.Sel.Name
	}
	return spec.Names[0].Name, goType, index
}

func goTypeOf(k Kind) string {
	switch k {
	case KindDuration, KindLinger:
		return "time.Duration"
	case KindPortRange:
		return "PortRange"
	}
	return k.String()
}

// Text, JSON and value are three forms of one option, for every row and every kind of value.
func TestEveryRowRoundTrips(t *testing.T) {
	for i := range rows {
		r := &rows[i]
		if r.ReadOnly {
			continue
		}
		for _, v := range samplesOfKind(r) {
			for _, o := range []Option{newOption(r, v), Prefer(newOption(r, v))} {
				back, err := Parse(o.String())
				require.NoError(t, err)
				assert.True(t, back == o, "%s became %s", o, back)
				data, err := Options{o}.MarshalJSON()
				require.NoError(t, err)
				var list Options
				require.NoError(t, list.UnmarshalJSON(data), "%s", data)
				assert.Equal(t, Options{o}, list)
			}
		}
	}
}

// samplesOfKind has both ends of each range, or of what the kind holds.
func samplesOfKind(r *row) (samples []value) {
	for _, s := range r.Range {
		samples = append(samples, value{n: s.Min * r.perUnit()}, value{n: s.Max * r.perUnit()})
	}
	switch r.Kind {
	case KindBool:
		return []value{boolValue(false), boolValue(true)}
	case KindString:
		return []value{{}, {s: "x"}, {s: "fifteen--bytes-"}}
	case KindPortRange:
		return []value{{}, portRangeValue(PortRange{1, 65535}), portRangeValue(PortRange{65535, 0}), portRangeValue(PortRange{0, 1})}
	case KindLinger:
		return append(samples, value{n: int64(LingerOff)}, value{}, value{n: int64(5 * time.Second)})
	case KindDuration:
		if r.Range == nil {
			return []value{{}, {n: int64(1500 * time.Millisecond)}, {n: -1}}
		}
	case KindInt:
		if r.Range == nil {
			return []value{{n: math.MinInt32}, {}, {n: math.MaxInt32}}
		}
	case KindUint32:
		return []value{{}, {n: math.MaxUint32}}
	case KindUint64:
		return []value{{}, {n: math.MaxInt64}, {n: -1}}
	}
	return samples
}
