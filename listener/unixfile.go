package listener

// UnixOwner is who owns the file of a unix socket, by number.
type UnixOwner struct {
	// UID and GID are the numbers of the user and of the group; -1 leaves the
	// one that the file has. Giving a file to another user takes CAP_CHOWN or
	// root.
	UID, GID int
}
