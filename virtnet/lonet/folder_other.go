//go:build !unix

package lonet

import "io/fs"

// folderName is the folder of all networks. On Windows [os.TempDir] is the
// user's own.
func folderName() string { return "strata-lonet" }

// private has no owner to ask for: who can look into it is up to the folder
// that it is in.
func private(fs.FileInfo) error { return nil }
