// Package secrets looks for keys, passwords and credentials in all that the
// modules say: errors, whatever they are printed with, logs, events and pages.
// It has tests only.
package secrets
