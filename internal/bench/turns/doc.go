// Package turns gives several ways to do one piece of work their turns and prints how they compare. It needs Linux.
package turns
