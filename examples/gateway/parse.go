package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"
)

// What a file of prefixes can hold, and how many of its problems are told.
const (
	maxPrefixFile     = 64 << 20 // bytes
	maxPrefixProblems = 20
)

// readBounded returns what is in a regular file, if it is not too long.
func readBounded(name string, most int64) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", name)
	case info.Size() > most:
		return nil, fmt.Errorf("%s is longer than %d bytes", name, most)
	}
	return os.ReadFile(name)
}

// parsePath reads the path prefix of a route.
func parsePath(s string) (string, error) {
	if !strings.HasPrefix(s, "/") {
		return "", fmt.Errorf("want a path that begins with /, got %q", s)
	}
	if hasDotSegment(s) || strings.ContainsAny(s, "?#") {
		return "", fmt.Errorf("want a path without . and .. segments, ? and #, got %q", s)
	}
	return cmp.Or(strings.TrimSuffix(s, "/"), "/"), nil
}

// parseHost reads the host of a route: a name, an IP address, or *.name.
func parseHost(s string) (string, error) {
	name := strings.TrimSuffix(strings.ToLower(strings.TrimPrefix(s, "*.")), ".")
	if name == "" || strings.ContainsAny(name, "*/ \t@?#") {
		return "", fmt.Errorf("want a host such as example.com or *.example.com, got %q", s)
	}
	if h := hostOnly(name); h != name {
		return "", fmt.Errorf("want a host without port, got %q", s)
	}
	if strings.HasPrefix(s, "*.") {
		return "*." + name, nil
	}
	return name, nil
}
