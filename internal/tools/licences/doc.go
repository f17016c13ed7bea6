// Command licences lists the licences of what the modules link, for each module of others
// from the texts in its folder and in those of its packages that are used.
//
//	go run -C internal/tools ./licences [-write]
//
// The page docs/licences.md has a table for what the released modules link on Linux,
// Windows, macOS and FreeBSD; one for what else their tests link; one for the programs and
// tests of examples and internal; and one for the tools. It is compared with what is found,
// or written with -write.
//
// The exit status is 1 if a module has no licence, or one that is not known, or if a
// licence wants more than a notice from who passes the program on. Tools are excepted from
// the latter: they run in the repository, and nothing that is published has code of theirs.
//
// Modules have to be in the module cache, or to be had through the go command's proxy.
package main
