package tlsx

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
)

func (c *Config) checkProtocol(p *problems) {
	if !known(c.Preset, presets) {
		p.add("config", "Preset", c.Preset.String(), fmt.Errorf("is none of %s", names(presets)))
	}
	before := len(*p)
	c.checkVersion(p, "MinVersion", c.MinVersion)
	c.checkVersion(p, "MaxVersion", c.MaxVersion)
	use := c.protocol()
	if len(*p) > before {
		use = protocol{min: tls.VersionTLS12, max: tls.VersionTLS13} // one error for one mistake
	} else if use.min > use.max {
		c.addCrossed(p, use)
		use.max = use.min
	}
	c.checkSuites(p, use)
	c.checkCurves(p, use)
}

func (c *Config) checkVersion(p *problems, field string, version uint16) {
	switch {
	case version == 0:
	case !known(version, versions):
		p.add("config", field, fmt.Sprintf("0x%04X", version), fmt.Errorf("is none of %s", names(versions)))
	case version < tls.VersionTLS12 && forbiddenVersion(version):
		p.add("config", field, tls.VersionName(version), errFIPS("TLS 1.2 or TLS 1.3"))
	case version < tls.VersionTLS12 && !c.AllowWeak:
		p.add("config", field, tls.VersionName(version), errors.New("is weak: want TLS 1.2 or TLS 1.3, or AllowWeak"))
	}
}

// addCrossed blames the field that was set.
func (c *Config) addCrossed(p *problems, use protocol) {
	if c.ECH.used() && c.MinVersion == 0 {
		return // ECH.check has said so
	}
	low, high := tls.VersionName(use.min), tls.VersionName(use.max)
	if c.MinVersion != 0 {
		p.add("config", "MinVersion", low, fmt.Errorf("is above MaxVersion, %s", high))
		return
	}
	p.add("config", "MaxVersion", high, fmt.Errorf("is below the least version of Preset %s, %s", c.Preset, low))
}

func (c *Config) checkSuites(p *problems, use protocol) {
	if len(c.CipherSuites) == 0 {
		return
	}
	before := len(*p)
	for i, id := range c.CipherSuites {
		err := c.checkSuite(id)
		if err == nil && earlier(c.CipherSuites, i) {
			err = errDuplicate
		}
		p.add("config", fmt.Sprintf("CipherSuites[%d]", i), tls.CipherSuiteName(id), err)
	}
	if len(*p) > before {
		return
	}
	if use.min >= tls.VersionTLS13 {
		p.add("config", "CipherSuites", "", errors.New("has no use: the least version is TLS 1.3, whose suites Go chooses by itself"))
		return
	}
	for _, version := range use.all() {
		serves := func(id uint16) bool { return slices.Contains(suiteOf(id).SupportedVersions, version) }
		if version < tls.VersionTLS13 && !slices.ContainsFunc(c.CipherSuites, serves) {
			p.add("config", "CipherSuites", "", fmt.Errorf("has none for %s: raise MinVersion, or add one", tls.VersionName(version)))
		}
	}
}

func (c *Config) checkSuite(id uint16) error {
	s := suiteOf(id)
	switch {
	case s == nil:
		return fmt.Errorf("is unknown: want any of %s", suitesWanted())
	case slices.Equal(s.SupportedVersions, []uint16{tls.VersionTLS13}):
		return errors.New("cannot be chosen: it is of TLS 1.3, whose suites Go always offers")
	case forbiddenSuite(id):
		return errFIPS(suitesWanted())
	case s.Insecure && !c.AllowWeak:
		return fmt.Errorf("is weak: want any of %s, or AllowWeak", suitesWanted())
	}
	return nil
}

// suiteOf returns nil for one that crypto/tls lacks.
func suiteOf(id uint16) *tls.CipherSuite {
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// suitesWanted lists those that can be chosen and are not weak.
func suitesWanted() string {
	var list []string
	for _, s := range tls.CipherSuites() {
		if slices.Contains(s.SupportedVersions, tls.VersionTLS12) && !forbiddenSuite(s.ID) {
			list = append(list, s.Name)
		}
	}
	return strings.Join(list, ", ")
}

func (c *Config) checkCurves(p *problems, use protocol) {
	if len(c.Curves) == 0 {
		return
	}
	before := len(*p)
	for i, id := range c.Curves {
		err := checkCurve(id, use)
		if err == nil && earlier(c.Curves, i) {
			err = errDuplicate
		}
		p.add("config", fmt.Sprintf("Curves[%d]", i), CurveName(id), err)
	}
	if len(*p) == before && use.min < tls.VersionTLS13 && !slices.ContainsFunc(c.Curves, classic) {
		p.add("config", "Curves", "", errors.New("has only hybrids, which TLS 1.3 alone can use: add x25519 or secp256r1, or set MinVersion to TLS 1.3"))
	}
}

func checkCurve(id tls.CurveID, use protocol) error {
	switch {
	case !known(id, curves):
		return fmt.Errorf("is none of %s", names(curves))
	case forbiddenCurve(id):
		return errFIPS(names(slices.DeleteFunc(slices.Clone(curves), func(e entry[tls.CurveID]) bool { return forbiddenCurve(e.value) })))
	case use.max < tls.VersionTLS13 && !classic(id):
		return fmt.Errorf("is for TLS 1.3 only, and MaxVersion is %s", tls.VersionName(use.max))
	}
	return switchedOff(id)
}

// classic reports whether TLS 1.2 has the curve, too.
func classic(id tls.CurveID) bool {
	return !slices.Contains([]tls.CurveID{tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024}, id)
}
