package tlsx

// Check says what New and NewSource would say of the config before they read
// anything: for those who keep one for later. What only one of the two refuses is
// left out. nil is the zero Config.
func (c *Config) Check() error {
	_, err := prepare(c, true)
	return err
}
