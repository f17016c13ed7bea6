package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

// words are the values that a key can have, in the order in which an error
// names them.
type words[T any] []struct {
	word  string
	value T
}

// parse returns what a word stands for.
func (w words[T]) parse(s string) (T, error) {
	var known []string
	for _, entry := range w {
		if entry.word == s {
			return entry.value, nil
		}
		known = append(known, entry.word)
	}
	var none T
	return none, fmt.Errorf("want %s, got %q", orList(known), s)
}

// orList returns "a, b or c".
func orList(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// parseFallbackDelay reads a duration above 0, or off.
func parseFallbackDelay(s string) (time.Duration, error) {
	if s == "off" {
		return -1, nil
	}
	d, err := parseTimeout(s)
	if err != nil {
		return 0, fmt.Errorf("%w, or off", err)
	}
	return d, nil
}

// parseRewrite reads a rule of package dialer.
func parseRewrite(s string) (dialer.Rewrite, error) {
	r, err := dialer.ParseRewrite(s)
	if err != nil {
		return r, fmt.Errorf("%q: %w", s, reason(err))
	}
	return r, nil
}

// parseProxy reads the URL of a proxy. It may hold a password, so the error
// does not quote it.
func parseProxy(s string) (dialer.Proxy, error) {
	p, err := dialer.ParseProxy(s)
	if err != nil {
		return p, reason(err)
	}
	return p, nil
}

// parseLocalAddress reads a source address. Package dialer says what is wrong
// with one.
func parseLocalAddress(s string) (string, error) {
	if s == "" {
		return "", errors.New("want an IP address, with a port or without, or a path")
	}
	if _, err := dialer.New(&dialer.Config{LocalAddr: s}); err != nil {
		return "", fmt.Errorf("%q: %w", s, reason(err))
	}
	return s, nil
}

// parsePortRange reads LOW-HIGH.
func parsePortRange(s string) (sockopt.PortRange, error) {
	low, high, _ := strings.Cut(s, "-")
	l, err1 := strconv.ParseUint(low, 10, 16)
	h, err2 := strconv.ParseUint(high, 10, 16)
	if err1 != nil || err2 != nil || l == 0 || l > h {
		return sockopt.PortRange{}, fmt.Errorf("want ports from 1 to 65535, such as 40000-50000, got %q", s)
	}
	return sockopt.PortRange{Low: uint16(l), High: uint16(h)}, nil
}

// maxCount bounds every number of things of a file.
const maxCount = 1 << 30

// parseCount reads a number of things, at least one.
func parseCount(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 || n > maxCount {
		return 0, fmt.Errorf("want a number from 1 to %d, got %q", maxCount, s)
	}
	return int(n), nil
}

// parseText reads what is not empty.
func parseText(s string) (string, error) {
	if s == "" {
		return "", errors.New("must not be empty")
	}
	return s, nil
}

// parseRate reads how many a second, which may be a fraction.
func parseRate(s string) (float64, error) {
	r, err := strconv.ParseFloat(s, 64)
	if err != nil || !(r > 0) || r > maxCount {
		return 0, fmt.Errorf("want a number above 0 and up to %d, got %q", maxCount, s)
	}
	return r, nil
}
