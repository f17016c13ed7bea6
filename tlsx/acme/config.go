package acme

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The directories of Let's Encrypt. Staging has generous limits, and a root that
// nobody trusts.
const (
	LetsEncrypt        = "https://acme-v02.api.letsencrypt.org/directory"
	LetsEncryptStaging = "https://acme-staging-v02.api.letsencrypt.org/directory"
)

// Challenge is how the CA finds out that a host is ours.
type Challenge int

// The challenges. Both need the CA to reach the server at every address that the
// host's name has.
const (
	TLSALPN01 Challenge = iota // a TLS handshake on port 443 (RFC 8737)
	HTTP01                     // a request on port 80, which Manager.HTTPHandler answers
)

// The bounds of a Config.
const (
	maxHosts   = 1000
	maxName    = 253
	maxLabel   = 63
	minMACKey  = 16 // bytes
	maxAddress = 254
)

// Config says which certificates to get, and from whom. Hosts, Cache and
// AgreeTerms are needed.
type Config struct {
	// Directory is the https URL of the CA's directory. "": LetsEncrypt.
	Directory string
	// Roots are the CAs that the directory's server is verified with. nil: the
	// system's.
	Roots *x509.CertPool
	// Email is where the CA writes to when something is wrong. "": nowhere.
	Email string
	// AgreeTerms says that you agree to the CA's terms of service.
	AgreeTerms bool
	// ExternalAccount is the account that the CA knows you by already, if it
	// asks for that. Zero: none.
	ExternalAccount ExternalAccount
	// Hosts are the DNS names, in ASCII and without wildcards, up to 1000. Each
	// gets a certificate of its own, with an ECDSA P-256 key. The CA is never
	// asked for any other.
	Hosts []string
	// Cache is the folder for the account's key and the certificates with theirs,
	// made with mode 0700. Several processes may share it. It has a folder of its
	// own for each Directory.
	Cache string
	// Challenge is how the CA finds out that the hosts are ours.
	Challenge Challenge
	// RenewBefore is how long before its end a certificate is renewed. 0: a third
	// of its life. At most half of it counts.
	RenewBefore time.Duration
	// OnEvent, if not nil, is called by Run after each certificate that it got or
	// did not get, one call at a time. It must return soon.
	OnEvent func(Event)
}

// ExternalAccount binds the account to one that the CA knows (RFC 8555, section
// 7.3.4).
type ExternalAccount struct {
	// ID is the key's identifier.
	ID string
	// Key is the MAC key, decoded; CAs hand it out in base64url.
	Key MACKey
}

// Event is a certificate that Run got, or failed to get.
type Event struct {
	// Time is when.
	Time time.Time
	// Host is whose: the one that was tried, if it was the account that failed.
	Host string
	// NotAfter is when the new certificate ends; zero if there is none.
	NotAfter time.Time
	// Err is why there is none, nil if there is one. Run tries again.
	Err error
}

var (
	errEmpty     = errors.New("is empty")
	errDirectory = errors.New("is not an https URL")
	errTerms     = errors.New("is false: the CA wants you to agree to its terms of service")
	errHost      = errors.New("is not a DNS name in ASCII with a dot in it")
	errWildcard  = errors.New("is a wildcard, which needs the challenge DNS-01: not supported")
	errAddress   = errors.New("is an IP address: want DNS names")
	errTwice     = errors.New("is there twice")
	errEmail     = errors.New("is not an e-mail address")
	errChallenge = errors.New("want TLSALPN01 or HTTP01")
	errNegative  = errors.New("is negative")
	errBinding   = fmt.Errorf("want both ID and Key, and a key of %d bytes or more", minMACKey)
	errMany      = fmt.Errorf("are too many: want at most %d", maxHosts)
)

// prepare returns a checked copy of c with small letters in Hosts.
func (c *Config) prepare() (*Config, error) {
	d := *c
	d.Hosts = slices.Clone(c.Hosts)
	d.ExternalAccount.Key = slices.Clone(c.ExternalAccount.Key)
	if d.Directory == "" {
		d.Directory = LetsEncrypt
	}
	var p problems
	u, err := url.Parse(d.Directory)
	if err == nil && (u.Scheme != "https" || u.Host == "") {
		err = errDirectory
	}
	p.add("Directory", d.Directory, err)
	d.checkHosts(&p)
	d.checkAccount(&p)
	if d.Cache == "" {
		p.add("Cache", "", errEmpty)
	}
	if d.Challenge != TLSALPN01 && d.Challenge != HTTP01 {
		p.add("Challenge", fmt.Sprint(int(d.Challenge)), errChallenge)
	}
	if d.RenewBefore < 0 {
		p.add("RenewBefore", d.RenewBefore.String(), errNegative)
	}
	return &d, p.err()
}

func (c *Config) checkAccount(p *problems) {
	if !c.AgreeTerms {
		p.add("AgreeTerms", "", errTerms)
	}
	if local, domain, ok := strings.Cut(c.Email, "@"); c.Email != "" && (!ok || local == "" || domain == "" || len(c.Email) > maxAddress ||
		strings.ContainsFunc(c.Email, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(",?", r) })) {
		p.add("Email", c.Email, errEmail)
	}
	if e := c.ExternalAccount; (e.ID != "" || len(e.Key) > 0) && (e.ID == "" || len(e.Key) < minMACKey) {
		p.add("ExternalAccount", e.ID, errBinding)
	}
}

func (c *Config) checkHosts(p *problems) {
	if len(c.Hosts) == 0 {
		p.add("Hosts", "", errEmpty)
	}
	if len(c.Hosts) > maxHosts {
		p.add("Hosts", fmt.Sprint(len(c.Hosts)), errMany)
		return
	}
	for i, host := range c.Hosts {
		c.Hosts[i] = normal(host)
		err := checkHost(c.Hosts[i])
		if err == nil && slices.Contains(c.Hosts[:i], c.Hosts[i]) {
			err = errTwice
		}
		p.add(fmt.Sprintf("Hosts[%d]", i), host, err)
	}
}

func normal(host string) string {
	host = strings.TrimSuffix(host, ".")
	if small := strings.ToLower(host); len(small) == len(host) { // the Kelvin sign would become a k
		return small
	}
	return host
}

// checkHost looks at a name in small letters. It becomes a file's name, too.
func checkHost(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return errAddress
	}
	if strings.HasPrefix(host, "*.") {
		return errWildcard
	}
	if len(host) > maxName || !strings.Contains(host, ".") {
		return errHost
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return errHost
		}
	}
	return nil
}
