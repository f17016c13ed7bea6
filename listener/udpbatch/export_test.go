package udpbatch

// Portable returns a copy of the Config that uses one datagram a call on any
// platform.
func Portable(c Config) *Config {
	c.portable = true
	return &c
}
