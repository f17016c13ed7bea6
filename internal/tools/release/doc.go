// Command release tries the modules of the workspace as their users will get them:
// published, each by itself.
//
//	go run -C internal/tools ./release [flags] [MODULEDIR...]
//
// One module after the other, those first that others require, is taken out of the
// repository: its replace directives are dropped, and the siblings that it requires come
// at the version that it names if that one is tagged (DIR/vX.Y.Z), else from the tree, if
// it is the version that their changelogs prepare. What is taken out is tidied, vetted and,
// with -test, tested, packed as a module proxy packs it, and offered by a proxy of files. A
// program elsewhere, which imports all public packages of the module, then gets it from
// there.
//
// The modules that the program links and the lines of its go.sum are compared with the
// committed list of -list, and held to -rules; -write writes the list. With -report they are
// printed, with what a `go get` of the module downloads into an empty cache, which is
// compared with the page of -table.
//
// With -prepare, -tags and -published it helps to make a release: docs/releasing.md says how.
//
// It needs git and the go command, and the go command's own proxy for modules of others
// that are not in the module cache. Nothing outside of a temporary folder is changed.
package main
