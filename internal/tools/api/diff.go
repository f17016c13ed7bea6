package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/exp/apidiff"
	"golang.org/x/mod/modfile"
)

// A difference is what an API has lost, or changed so that it breaks a program, and what
// it has gained.
type difference struct {
	gone, added []string
}

// diffTag compares the module in a folder with what it was at one of its versions.
func diffTag(ctx context.Context, root, dir, version string) (difference, error) {
	temp, err := os.MkdirTemp("", "strata-api-")
	if err != nil {
		return difference{}, err
	}
	defer os.RemoveAll(temp)
	old := filepath.Join(temp, "old") // not the temporary folder itself: go warns of a go.mod there
	if err := unpack(ctx, root, dir+"/"+version, old); err != nil {
		return difference{}, err
	}
	return diffFolders(ctx, filepath.Join(old, dir), filepath.Join(root, dir))
}

// diffFolders compares the modules in two folders, on all systems.
func diffFolders(ctx context.Context, before, after string) (difference, error) {
	gone, added := make(map[string][]string), make(map[string][]string)
	for _, system := range systems {
		was, err := module(ctx, before, system)
		if err != nil {
			return difference{}, err
		}
		is, err := module(ctx, after, system)
		if err != nil {
			return difference{}, err
		}
		for _, change := range apidiff.ModuleChanges(was, is).Changes {
			on := gone
			if change.Compatible {
				on = added
			}
			on[change.Message] = append(on[change.Message], system)
		}
	}
	return difference{onSystems(gone), onSystems(added)}, nil
}

// module loads what apidiff compares.
func module(ctx context.Context, dir, system string) (*apidiff.Module, error) {
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return nil, err
	}
	path := modfile.ModulePath(data)
	if path == "" {
		return nil, fmt.Errorf("%s: no module line", filepath.Join(dir, "go.mod"))
	}
	packages, err := public(ctx, dir, system)
	return &apidiff.Module{Path: path, Packages: packages}, err
}
