package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// maxDuration bounds every duration of a file. A year is more than anybody
// means, and far from what overflows when two are added.
const maxDuration = 365 * 24 * time.Hour

// parseTimeout reads a duration above 0.
func parseTimeout(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if err == nil && d == 0 {
		err = errors.New("must be above 0s")
	}
	return d, err
}

// parseDuration reads a duration of 0 or more.
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("want a duration such as 30s or 5m, got %q", s)
	}
	if d < 0 || d > maxDuration {
		return 0, fmt.Errorf("want a duration from 0s to %v, got %v", maxDuration, d)
	}
	return d, nil
}

// parseBool reads true or false.
func parseBool(s string) (bool, error) {
	switch s {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("want true or false, got %q", s)
}

// sizeUnits are the suffixes of a size; the longer ones come first.
var sizeUnits = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"B", 1}, {"", 1}}

// parseHeaderSize reads the bound of a request header: 1 KiB to 16 MiB.
func parseHeaderSize(s string) (int, error) {
	n, err := parseSize(s)
	if err != nil {
		return 0, err
	}
	if n < 1<<10 || n > 16<<20 {
		return 0, fmt.Errorf("want 1KiB to 16MiB, got %q", s)
	}
	return int(n), nil
}

// parseSize reads bytes, such as 4096, 4KiB or 1MiB.
func parseSize(s string) (int64, error) {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/u.bytes {
			break
		}
		return n * u.bytes, nil
	}
	return 0, fmt.Errorf("want a size such as 65536, 64KiB or 1MiB, got %q", s)
}

// parseName reads a name that goes into logs and tables.
func parseName(s string) (string, error) {
	bad := func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }
	if s == "" || len(s) > 64 || strings.ContainsFunc(s, bad) {
		return "", fmt.Errorf("want 1 to 64 visible characters, got %q", s)
	}
	return s, nil
}

// parseProtocol reads the protocol of a listener or of a built-in echo.
func parseProtocol(s string) (Protocol, error) {
	return words[Protocol]{{"tcp", TCP}, {"http", HTTP}, {"udp", UDP}}.parse(s)
}

// parseBytes reads a size of at least a byte that memory can be asked for.
func parseBytes(s string) (int, error) {
	n, err := parseSize(s)
	if err != nil {
		return 0, err
	}
	if n < 1 || n > 1<<30 {
		return 0, fmt.Errorf("want 1B to 1024MiB, got %q", s)
	}
	return int(n), nil
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

// parseServerName reads a host that is not a pattern.
func parseServerName(s string) (string, error) {
	name, err := parseHost(s)
	if err == nil && strings.HasPrefix(name, "*.") {
		return "", fmt.Errorf("want one name, got %q", s)
	}
	return name, err
}
