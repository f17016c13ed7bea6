package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"
)

// findVersion asks for the tags of m, and says which version the tree is: the newest of the
// changelog, if that one will be tagged next, else one that comes behind it.
func (m *module) findVersion(ctx context.Context, root string) error {
	out, err := output(ctx, root, nil, "git", "tag", "--list", m.dir+"/v*")
	if err != nil {
		return err
	}
	for tag := range strings.FieldsSeq(out) {
		if v := strings.TrimPrefix(tag, m.dir+"/"); semver.Canonical(v) == v {
			m.tags = append(m.tags, v)
		}
	}
	m.version = m.log.Newest()
	if m.version == "" || m.tagged(m.version) {
		m.version = behind(m.version)
	}
	return nil
}

// behind is a version between the given one and those that can follow it.
func behind(version string) string {
	if version == "" {
		return "v0.0.0-unreleased"
	}
	if semver.Prerelease(version) != "" {
		return version + ".unreleased"
	}
	minor := semver.MajorMinor(version)
	patch, err := strconv.Atoi(strings.TrimPrefix(version, minor+"."))
	if err != nil { // changelog has taken it for a version
		panic(err)
	}
	return fmt.Sprintf("%s.%d-unreleased", minor, patch+1)
}

// tagged says whether a version of m is tagged in the repository.
func (m *module) tagged(version string) bool { return slices.Contains(m.tags, version) }

// requires returns the version of the sibling s that m names.
func (m *module) requires(s *module) string {
	for _, r := range m.file.Require {
		if r.Mod.Path == s.path {
			return r.Mod.Version
		}
	}
	return ""
}

// promised says whether the version of s that m names is there, or will be: another one
// could not be got by anybody.
func (m *module) promised(s *module) error {
	if v := m.requires(s); !s.tagged(v) && v != s.version {
		return fmt.Errorf("go.mod requires %s %s, which is not tagged, and not what %s/CHANGELOG.md prepares: that is %s", s.path, v, s.dir, s.version)
	}
	return nil
}
