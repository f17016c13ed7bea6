package tlsx

import (
	"crypto/hpke"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
)

// echVersion is the only version of an ECHConfig that there is (RFC 9849,
// section 4). Others are passed over.
const echVersion = 0xfe0d

var (
	errECHList   = errors.New("is not an ECHConfigList (RFC 9849, section 4): its lengths do not fit")
	errECHNone   = errors.New("has no ECHConfig of version 0xfe0d")
	errECHName   = errors.New("public name is not a DNS name")
	errECHSuites = errors.New("has no cipher suite that Go has")
	errECHNeeds  = errors.New("has a mandatory extension, and Go has none")
)

// echConfig is an ECHConfig of version 0xfe0d.
type echConfig struct {
	raw        []byte
	id         uint8
	kem        uint16
	publicKey  []byte
	suites     []echSuite
	publicName string
	mandatory  bool // has an extension that must be understood
}

// echSuite is an HPKE cipher suite.
type echSuite struct{ kdf, aead uint16 }

func (c *echConfig) String() string { return fmt.Sprintf("config %d of %q", c.id, c.publicName) }

// parseECHList reads an ECHConfigList. Configs of other versions are left out.
func parseECHList(list []byte) ([]*echConfig, error) {
	s := cryptobyte.String(list)
	var body cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&body) || !s.Empty() || body.Empty() {
		return nil, errECHList
	}
	var configs []*echConfig
	for !body.Empty() {
		start := body
		var version uint16
		var content cryptobyte.String
		if !body.ReadUint16(&version) || !body.ReadUint16LengthPrefixed(&content) {
			return nil, errECHList
		}
		if version != echVersion {
			continue
		}
		c := &echConfig{raw: start[:len(start)-len(body)]}
		if !c.parse(content) {
			return nil, errECHList
		}
		configs = append(configs, c)
	}
	if len(configs) == 0 {
		return nil, errECHNone
	}
	return configs, nil
}

// parse reads ECHConfigContents.
func (c *echConfig) parse(s cryptobyte.String) bool {
	var key, suites, name, extensions cryptobyte.String
	var maxNameLength uint8
	if !s.ReadUint8(&c.id) || !s.ReadUint16(&c.kem) || !s.ReadUint16LengthPrefixed(&key) ||
		!s.ReadUint16LengthPrefixed(&suites) || !s.ReadUint8(&maxNameLength) ||
		!s.ReadUint8LengthPrefixed(&name) || !s.ReadUint16LengthPrefixed(&extensions) || !s.Empty() {
		return false
	}
	c.publicKey, c.publicName = key, string(name)
	for !suites.Empty() {
		var suite echSuite
		if !suites.ReadUint16(&suite.kdf) || !suites.ReadUint16(&suite.aead) {
			return false
		}
		c.suites = append(c.suites, suite)
	}
	for !extensions.Empty() {
		var kind uint16
		var value cryptobyte.String
		if !extensions.ReadUint16(&kind) || !extensions.ReadUint16LengthPrefixed(&value) {
			return false
		}
		c.mandatory = c.mandatory || kind&0x8000 != 0
	}
	return true
}

// isPublicName says whether crypto/tls takes a name for that of a config: two
// labels at least, and of hosts.
func isPublicName(name string) bool {
	labels := strings.Split(name, ".")
	host := normal(name)
	return len(labels) > 1 && !slices.Contains(labels, "") && !isIP(host) && isHost(host) && !strings.Contains(name, "_")
}

// usable says why crypto/tls would pass over c, or fail with it.
func (c *echConfig) usable() error {
	if !isPublicName(c.publicName) {
		return fmt.Errorf("%s: %w", c, errECHName)
	}
	if c.mandatory {
		return fmt.Errorf("%s: %w", c, errECHNeeds)
	}
	kem, err := hpke.NewKEM(c.kem)
	if err == nil {
		_, err = kem.NewPublicKey(c.publicKey)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	for _, suite := range c.suites {
		_, err := hpke.NewKDF(suite.kdf)
		_, err2 := hpke.NewAEAD(suite.aead)
		if err == nil && err2 == nil {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", c, errECHSuites)
}
