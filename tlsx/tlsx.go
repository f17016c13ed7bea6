package tlsx

import (
	"crypto/tls"
	"errors"
)

// New reads what cfg names and returns a config for a client or a server; nil
// is the zero Config. What is wrong comes back as one error that joins an
// *[Error] for each.
func New(cfg *Config) (*tls.Config, error) {
	c, err := prepare(cfg, false)
	if err != nil {
		return nil, err
	}
	m, err := c.load(nil)
	if err != nil {
		return nil, err
	}
	return c.build(m)
}

// prepare returns a checked copy of cfg, for a Source or for New. It reads
// nothing.
func prepare(cfg *Config, source bool) (*Config, error) {
	if cfg == nil {
		cfg = &Config{}
	}
	c := cfg.clone()
	var p problems
	c.checkCertificates(&p)
	c.checkTrust(&p, source)
	c.checkNames(&p)
	c.checkSessions(&p)
	c.ECH.check(&p, c)
	c.checkKeyLog(&p)
	c.checkReload(&p, source)
	return c, errors.Join(p...)
}
