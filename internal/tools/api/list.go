package main

import (
	"context"
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// list returns the sorted lines of a module's API. A line that not all systems have says
// which one does.
func list(ctx context.Context, dir string) ([]string, error) {
	on := make(map[string][]string)
	for _, system := range systems {
		all, err := public(ctx, dir, system)
		if err != nil {
			return nil, err
		}
		var lines []string
		for _, p := range all {
			lines = append(lines, listPackage(p)...)
		}
		slices.Sort(lines)
		for _, line := range slices.Compact(lines) {
			on[line] = append(on[line], system)
		}
	}
	return onSystems(on), nil
}

// listPackage lists what a package exports.
func listPackage(p *types.Package) []string {
	// Types are named by their package's path from the module on, their own without.
	qualifier := types.RelativeTo(p)
	var lines []string
	add := func(format string, args ...any) {
		lines = append(lines, p.Path()+": "+fmt.Sprintf(format, args...))
	}
	for _, name := range p.Scope().Names() {
		object := p.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		switch o := object.(type) {
		case *types.TypeName:
			listType(o, qualifier, add)
		case *types.Const:
			add("const %s %s = %s", name, types.TypeString(o.Type(), qualifier), o.Val())
		case *types.Func:
			add("func %s%s", name, signature(o, qualifier))
		default:
			add("%s", types.ObjectString(object, qualifier))
		}
	}
	return lines
}

// listType lists a type, its exported fields and methods. An interface is one line, since
// a method more breaks who implements it.
func listType(o *types.TypeName, qualifier types.Qualifier, add func(string, ...any)) {
	named, ok := o.Type().(*types.Named)
	if !ok || o.IsAlias() {
		add("%s", types.ObjectString(o, qualifier))
		return
	}
	parameters := ""
	if list := named.TypeParams(); list.Len() > 0 {
		var names []string
		for p := range list.TypeParams() {
			names = append(names, p.String()+" "+types.TypeString(p.Constraint(), qualifier))
		}
		parameters = "[" + strings.Join(names, ", ") + "]"
	}
	if s, ok := named.Underlying().(*types.Struct); ok {
		add("type %s%s struct", o.Name(), parameters)
		for f := range s.Fields() {
			if f.Exported() {
				add("field %s.%s %s", o.Name(), f.Name(), types.TypeString(f.Type(), qualifier))
			}
		}
	} else {
		add("type %s%s %s", o.Name(), parameters, types.TypeString(named.Underlying(), qualifier))
	}
	if types.IsInterface(named) {
		return
	}
	own := types.NewMethodSet(named)
	for m := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		f, ok := m.Obj().(*types.Func)
		if !ok || !f.Exported() {
			continue
		}
		receiver := "*" + o.Name()
		if own.Lookup(f.Pkg(), f.Name()) != nil {
			receiver = o.Name()
		}
		add("method (%s) %s%s", receiver, f.Name(), signature(f, qualifier))
	}
}

// signature is that of a function without the names of its parameters, which break nobody.
func signature(f *types.Func, qualifier types.Qualifier) string {
	s := f.Signature()
	bare := func(list *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range list.Variables() {
			vars = append(vars, types.NewVar(v.Pos(), v.Pkg(), "", v.Type()))
		}
		return types.NewTuple(vars...)
	}
	var parameters []*types.TypeParam
	for p := range s.TypeParams().TypeParams() {
		parameters = append(parameters, types.NewTypeParam(types.NewTypeName(p.Obj().Pos(), p.Obj().Pkg(), p.Obj().Name(), nil), p.Constraint()))
	}
	text := types.TypeString(types.NewSignatureType(nil, nil, parameters, bare(s.Params()), bare(s.Results()), s.Variadic()), qualifier)
	return strings.TrimPrefix(text, "func")
}

// compare returns the lines that only one of two sorted lists has.
func compare(before, now []string) (gone, added []string) {
	for _, line := range before {
		if _, ok := slices.BinarySearch(now, line); !ok {
			gone = append(gone, line)
		}
	}
	for _, line := range now {
		if !slices.Contains(before, line) {
			added = append(added, line)
		}
	}
	return gone, added
}
