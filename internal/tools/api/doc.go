// Command api compares what the released modules export with what they exported when
// they were released last.
//
//	go run -C internal/tools ./api [-write] [MODULEDIR...]
//
// The last release of a module is its newest version among the tags DIR/vX.Y.Z that the
// tree comes from: both are type-checked for Linux and for Windows, and compared by
// golang.org/x/exp/apidiff. As long as a module has no tag, it is compared with a committed
// listing, api/listing/DIR.txt with _ for /, which has a line for each exported identifier,
// field and method of its public packages, with its type; -write writes it.
//
// What is new is printed with a +, what is gone, or has changed so that somebody's program
// may break, with a -. Each of the latter has to be named in the module's CHANGELOG.md under
// "### Incompatible" in the section "## Unreleased", or in that of a version that is not
// tagged yet; else the exit status is 1. A listing is compared line by line, and takes a
// change for what is gone even where a program would not notice.
package main
