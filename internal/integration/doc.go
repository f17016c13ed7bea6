// Package integration tests the modules against each other, and what takes privileges: a module's own tests meet
// package net only, since modules do not import each other.
package integration
