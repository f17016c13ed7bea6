//go:build unix

package tlsx

import (
	"errors"
	"os"
)

var errOthersRead = errors.New("can be read by others: want no permission for others, mode 0640 or 0600")

// private refuses a file that anybody can read. The group may: that is how
// Kubernetes hands secrets to a process that is not root.
func private(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o004 != 0 {
		err = errOthersRead
	}
	return err
}
