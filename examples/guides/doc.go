// Package guides holds the pages of docs/guides to their word: a Go block is a
// copy of code that a test or an Example runs, a YAML block of a document that
// is checked, and the sh blocks of a page are run in a network namespace, with
// what they print compared to the text block below. Each folder has the code of
// one page.
package guides
