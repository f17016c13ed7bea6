package cmsg

import "syscall"

// Control sets the options that make a socket deliver what is wanted, for both
// versions of IP where the socket carries both. It fits net.ListenConfig.Control.
func (w Want) Control(network, address string, c syscall.RawConn) error {
	if !w.Any() {
		return nil
	}
	return w.Options(network).Control(network, address, c)
}
