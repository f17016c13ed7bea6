package netstack

// SocketLook returns how much a socket has.
func SocketLook(fd int) (int, error) {
	d := socketReader{fd: fd}
	err := d.look()
	return d.Len(), err
}

// SocketRead reads as the engine does.
func SocketRead(fd int, p []byte) (int, error) {
	d := socketReader{fd: fd}
	return d.Read(p)
}

// Gather writes segments to a socket as the engine hands them out.
func Gather(fd int, segments ...[]byte) error {
	r := rawPeer{fd: fd}
	defer r.free()
	for _, p := range segments {
		if _, err := r.Write(p); err != nil {
			return err
		}
	}
	return r.flush()
}

// HasRawPeer says whether c is copied without a buffer.
func HasRawPeer(c any) bool { return newRawPeer(c) != nil }
