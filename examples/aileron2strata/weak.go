package main

import (
	"crypto/tls"
	"slices"
)

// isWeak reports whether a suite needs allow_weak.
func isWeak(id uint16) bool {
	return slices.ContainsFunc(tls.InsecureCipherSuites(), func(s *tls.CipherSuite) bool { return s.ID == id })
}
