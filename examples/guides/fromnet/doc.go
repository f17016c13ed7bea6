// Package fromnet has the code of docs/guides/from-net.md: programs on package net and
// what becomes of them, step by step.
package fromnet
