//go:build !unix

package document

// nonblock is nothing where no name in the file system is a pipe.
const nonblock = 0
