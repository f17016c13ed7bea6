//go:build unix

package tlsx

import (
	"os"
	"syscall"
)

// open opens a file to be read. It does not wait for who writes to a pipe
// (fifo(7)).
func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}
