package dtlsx

// watcher is the owner of a link that wants to know what its conn does: a
// listener.
type watcher interface {
	touch()                       // data was read or written
	released()                    // the application has closed the conn
	cause() error                 // why the owner has ended the conn, nil if it has not
	connectionID(size int) []byte // a new one for what the peer sends
}
