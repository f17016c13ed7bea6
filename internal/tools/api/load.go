package main

import (
	"context"
	"errors"
	"fmt"
	"go/types"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// systems are those whose API is compared.
var systems = []string{"linux", "windows"}

// public loads the packages of the module in a folder that others can import, as a system
// has them.
func public(ctx context.Context, dir, system string) ([]*types.Package, error) {
	loaded, err := packages.Load(&packages.Config{
		// Types from the build cache, which other builds have filled: reading the sources of
		// all that is imported takes ten times as long.
		Context: ctx, Dir: dir, Mode: packages.NeedName | packages.NeedTypes,
		Env: append(os.Environ(), "GOWORK=off", "GOOS="+system, "GOARCH=amd64", "GOFLAGS=-mod=readonly"),
	}, "./...")
	if err != nil {
		return nil, fmt.Errorf("for %s: %w", system, err)
	}
	var all []*types.Package
	var errs []error
	for _, p := range loaded {
		for _, e := range p.Errors {
			errs = append(errs, e)
		}
		if p.Types != nil && p.Name != "main" && !slices.Contains(strings.Split(p.PkgPath, "/"), "internal") {
			all = append(all, p.Types)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("for %s: %w", system, err)
	}
	return all, nil
}

// onSystems sorts lines that are on some systems. One that not all of them have says which
// one does.
func onSystems(on map[string][]string) []string {
	all := make([]string, 0, len(on))
	for line, of := range on {
		if len(of) < len(systems) {
			line += " // " + of[0]
		}
		all = append(all, line)
	}
	slices.Sort(all)
	return all
}
