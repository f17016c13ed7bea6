package tlsx

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
)

var (
	errECHVersion = errors.New("must be TLS 1.3, or zero: crypto/tls encrypts no hello with less")
	errECHTwice   = errors.New("holds a config that is in the list already")
)

// used reports whether either side encrypts hellos.
func (e *ECH) used() bool { return !e.Configs.IsZero() || len(e.Keys) > 0 }

// check looks at what needs no file, and at the versions: crypto/tls would fail
// in each handshake.
func (e *ECH) check(p *problems, c *Config) {
	if !e.Configs.IsZero() {
		p.add("config", "ECH.Configs", e.Configs.String(), e.Configs.check())
	}
	for i, d := range e.Keys {
		p.add("config", fmt.Sprintf("ECH.Keys[%d]", i), d.String(), d.check())
	}
	if !e.used() {
		return
	}
	if known(c.MinVersion, versions) && c.MinVersion < tls.VersionTLS13 {
		p.add("config", "MinVersion", tls.VersionName(c.MinVersion), fmt.Errorf("with ECH: %w", errECHVersion))
	}
	if known(c.MaxVersion, versions) && c.MaxVersion < tls.VersionTLS13 {
		p.add("config", "MaxVersion", tls.VersionName(c.MaxVersion), fmt.Errorf("with ECH: %w", errECHVersion))
	}
}

// loadConfigs returns the ECHConfigList of a client; nil if there is none.
func (e *ECH) loadConfigs(p *problems) []byte {
	if e.Configs.IsZero() {
		return nil
	}
	text, err := e.Configs.read()
	var list []byte
	if err == nil {
		list, err = parseECHConfigs(text)
	}
	p.add("load", "ECH.Configs", e.Configs.String(), err)
	return list
}

// loadKeys returns what a server decrypts with. Clients with an outdated list
// are told the configs of the first text.
func (e *ECH) loadKeys(p *problems) []tls.EncryptedClientHelloKey {
	var all []tls.EncryptedClientHelloKey
	for i, d := range e.Keys {
		keys, err := d.echKeys()
		for _, k := range keys {
			k.SendAsRetry = i == 0
			if slices.ContainsFunc(all, func(o tls.EncryptedClientHelloKey) bool { return string(o.Config) == string(k.Config) }) {
				err = errECHTwice
			}
			all = append(all, k)
		}
		p.add("load", fmt.Sprintf("ECH.Keys[%d]", i), d.String(), err)
	}
	return all
}

// echKeys reads the keys that d names.
func (d Data) echKeys() ([]tls.EncryptedClientHelloKey, error) {
	text, err := d.Secret()
	if err != nil {
		return nil, err
	}
	return parseECHKeys(text)
}

// encryptHello sets both sides of ECH.
func (m *material) encryptHello(t *tls.Config) {
	t.EncryptedClientHelloConfigList = m.echConfigs
	t.EncryptedClientHelloKeys = m.echKeys
}
