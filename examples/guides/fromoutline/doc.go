// Package fromoutline has the code of docs/guides/from-outline.md. The interfaces whose
// names begin with "old" stand for those of the Outline SDK, whose shapes they have.
package fromoutline
