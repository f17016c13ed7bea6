// Command fuzz runs each fuzz target of the modules that it is given for some seconds.
//
//	go run -C internal/tools ./fuzz [-for 20s] [-jobs 4] [-match REGEXP] [-keep N] MODULEDIR...
//	go run -C internal/tools ./fuzz -check ROOT
//
// Targets run -jobs at a time, each with one worker, from the inputs that are committed
// in testdata/fuzz. Inputs of which the code did something new are forgotten, unless
// -keep has that many of the shortest copied to testdata/fuzz. What a target failed on is
// printed and lies in testdata/fuzz, as `go test -fuzz` leaves it.
//
// A table says how many inputs each target has tried. The exit status is 1 if one failed, or
// has no committed input.
//
// -check runs nothing. It compares the targets of a tree with the rows of its
// docs/fuzzing.md and with the inputs that are committed.
//
// `go test -fuzztime 20s` up to Go 1.26 takes the end of its time for a failure now and
// then (go.dev/issue/75804). Hence a target is built as a program and interrupted, which it
// takes for its end.
package main
