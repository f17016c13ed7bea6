// Package ownspace runs the tests of a package in a network namespace of their own: what
// they start opens its sockets in any thread, and so the whole process has to be there.
package ownspace
