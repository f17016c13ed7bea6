// Package lab gives the tests of this module network namespaces, and says what leaks.
package lab
