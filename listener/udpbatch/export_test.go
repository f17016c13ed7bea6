package udpbatch

// Portable returns a copy of the Config that uses one datagram a call on any
// platform.
func Portable(c Config) *Config {
	c.portable = true
	return &c
}

// ParseAddress gives the tests the parser without a socket.
func ParseAddress(s string) (network, host string, port uint16, err error) {
	a, err := parseAddress(s)
	return a.network, a.host, a.port, err
}
