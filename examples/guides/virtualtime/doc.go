// Package virtualtime has the code of docs/guides/virtual-time.md: a counter with a
// client that repeats what got no answer, and the simulation that finds out what is
// wrong with that.
package virtualtime
