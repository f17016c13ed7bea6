package main

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strata-net/strata/tlsx"
)

func tlsRows() []row {
	return []row{
		{field: "certKeyPairs", ours: "certificates", sample: "[{certFile: a.pem, keyFile: a.key}]", rule: parts("CertKeyPair")},
		{field: "rootCAs", ours: "roots.from", note: "files", sample: "[ca.pem]", rule: files},
		{field: "nextProtos", ours: "alpn", sample: "[h2]", rule: list},
		{field: "serverName", ours: "server_name", sample: "a.example", rule: copied},
		{field: "clientAuth", ours: "client_auth", sample: "RequireAnyClientCert", rule: words(clientAuth, "none")},
		{field: "clientCAs", ours: "client_cas.from", note: "files; only if clientAuth verifies", sample: "[ca.pem]", rule: clientCAs},
		{field: "insecureSkipVerify", ours: "insecure", note: "rootCAs are left out then", sample: "true", rule: insecure},
		{field: "tlsCipher", also: "TLSCiphers", ours: "cipher_suites", note: "suites of TLS 1.3 are always Go's; weak ones set allow_weak", sample: "[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]", rule: suites},
		{field: "sessionTicketsDisabled", ours: "tickets.off", sample: "true", rule: ifTrue(set(true))},
		{field: "minVersion", ours: "min_version", note: "771 is 1.2; below 1.2 it sets allow_weak", sample: "772", rule: version},
		{field: "maxVersion", ours: "max_version", note: "772 is 1.3", sample: "772", rule: version},
		{field: "curvePreferences", ours: "curves", note: "the order is Go's", sample: "[X25519]", rule: curves},
		{field: "dynamicRecordSizingDisabled", note: "Go decides on the size of records", sample: "true", rule: ifTrue(nothing)},
		{field: "renegotiation", note: "is never done, as RenegotiateNever says", sample: "RenegotiateOnceAsClient", rule: renegotiation},
		{field: "rootCAsIgnoreSystemCerts", ours: "roots.system", note: "turned round: there the system's are added unless this is set", sample: "false", always: true, rule: systemRoots},
		{field: "clientCAsIgnoreSystemCerts", ours: "client_cas.system", note: "turned round: there the system's are added unless this is set, so that any public CA can vouch for a client", sample: "false", always: true, rule: systemClientCAs},
	}
}

func pairRows() []row {
	return []row{
		{field: "certFile", ours: "chain.file", sample: "a.pem", rule: copied},
		{field: "keyFile", ours: "key.file", sample: "a.key", rule: copied},
	}
}

var clientAuth = []word{
	{theirs: "NoClientCert", ours: "none"},
	{theirs: "RequestClientCert", ours: "request"},
	{theirs: "RequireAnyClientCert", ours: "require"},
	{theirs: "VerifyClientCertIfGiven", ours: "verify_if_given"},
	{theirs: "RequireAndVerifyClientCert", ours: "require_and_verify"},
}

var curveNames = []word{
	{theirs: "CurveP256", ours: "secp256r1"},
	{theirs: "CurveP384", ours: "secp384r1"},
	{theirs: "CurveP521", ours: "secp521r1"},
	{theirs: "X25519", ours: "x25519"},
}

// suiteNames are in the order of their enum.
func suiteNames() []word {
	var all []word
	for name := range strings.FieldsSeq(`TLS_RSA_WITH_RC4_128_SHA TLS_RSA_WITH_3DES_EDE_CBC_SHA TLS_RSA_WITH_AES_128_CBC_SHA
		TLS_RSA_WITH_AES_256_CBC_SHA TLS_RSA_WITH_AES_128_CBC_SHA256 TLS_RSA_WITH_AES_128_GCM_SHA256 TLS_RSA_WITH_AES_256_GCM_SHA384
		TLS_ECDHE_ECDSA_WITH_RC4_128_SHA TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA
		TLS_ECDHE_RSA_WITH_RC4_128_SHA TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
		TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
		TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
		TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
		TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256`) {
		all = append(all, word{theirs: name, ours: name})
	}
	for _, name := range []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"} {
		all = append(all, word{theirs: name, why: "is of TLS 1.3, whose suites Go offers by itself, there as here"})
	}
	return append(all,
		word{theirs: "TLS_FALLBACK_SCSV", why: "is no suite to choose"},
		word{theirs: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", ours: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
		word{theirs: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", ours: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
	)
}

// versions are the numbers of protocol versions.
var versions = map[string]string{"769": "1.0", "770": "1.1", "771": "1.2", "772": "1.3"}

// parts takes a list of messages.
func parts(name string) rule {
	return func(c *conv, r row, v *yaml.Node) {
		if v.Kind != yaml.SequenceNode {
			c.lostf(r, v, "is not a list")
			return
		}
		var all []any
		for _, e := range v.Content {
			inner := newObject()
			if c.inside(name, deref(e), c.path+"."+r.field, inner) {
				all = append(all, inner)
			}
		}
		if len(all) > 0 {
			c.out.set(r.ours, all)
		}
	}
}

func files(c *conv, r row, v *yaml.Node) {
	if text(field(c.in, "insecureSkipVerify")) == "true" && r.field == "rootCAs" {
		c.notef(r, v, "has no effect with insecureSkipVerify, there as here: left out")
		return
	}
	var all []any
	for _, s := range c.texts(r, v) {
		o := newObject()
		o.set("file", s)
		all = append(all, o)
	}
	if len(all) > 0 {
		c.out.set(r.ours, all)
	}
}

// verifiesClients reports whether CAs of clients have an effect.
func (c *conv) verifiesClients() bool {
	switch text(field(c.in, "clientAuth")) {
	case "VerifyClientCertIfGiven", "RequireAndVerifyClientCert", "3", "4":
		return true
	}
	return false
}

func clientCAs(c *conv, r row, v *yaml.Node) {
	if !c.verifiesClients() {
		c.notef(r, v, "has no effect with this clientAuth, there as here: left out")
		return
	}
	files(c, r, v)
}

func insecure(c *conv, r row, v *yaml.Node) {
	ifTrue(set(true))(c, r, v)
}

// system turns the flag round.
func (c *conv) system(r row, v *yaml.Node) {
	ignore := false
	if v != nil {
		var ok bool
		if ignore, ok = c.boolean(r, v); !ok {
			return
		}
	}
	c.out.set(r.ours, !ignore)
}

// systemRoots: without files the system's are the default here too.
func systemRoots(c *conv, r row, v *yaml.Node) {
	if c.out.get("roots.from") != nil {
		c.system(r, v)
		return
	}
	if text(v) == "true" && c.out.get("insecure") == nil {
		c.lostf(r, v, "no CA at all, which takes no server: name one in rootCAs")
	} else if v != nil && text(v) != "true" {
		c.out.set(r.ours, true)
	}
}

func systemClientCAs(c *conv, r row, v *yaml.Node) {
	if c.verifiesClients() {
		c.system(r, v)
		if v == nil {
			c.notef(r, v, "is not set: any CA of the system's may vouch for a client, there as here (client_cas.system)")
		}
	} else if v != nil {
		c.notef(r, v, "has no effect with this clientAuth, there as here: left out")
	}
}

func suites(c *conv, r row, v *yaml.Node) {
	c.enums(r, v, suiteNames(), func(name string) bool {
		id, err := tlsx.ParseCipherSuite(name)
		return err == nil && isWeak(id)
	})
}

func curves(c *conv, r row, v *yaml.Node) {
	c.enums(r, v, curveNames, func(string) bool { return false })
}

// enums takes a list, and admits weak ones if there are any.
func (c *conv) enums(r row, v *yaml.Node, known []word, weak func(string) bool) {
	var all []any
	for _, s := range c.texts(r, v) {
		w, ok := c.word(known, r, v, s)
		if !ok {
			continue
		}
		if weak(w) {
			c.out.set("allow_weak", true)
			c.notef(r, v, "%s is weak: allow_weak is set", w)
		}
		all = append(all, w)
	}
	if len(all) > 0 {
		c.out.set(r.ours, all)
	}
}

func version(c *conv, r row, v *yaml.Node) {
	n, ok := c.integer(r, v)
	if !ok || n == 0 {
		return
	}
	s, known := versions[strings.TrimSpace(v.Value)]
	if !known {
		c.lostf(r, v, "%d is not a version that there is: 769 to 772 are 1.0 to 1.3", n)
		return
	}
	c.out.set(r.ours, s)
	if n < 771 && r.ours == "min_version" {
		c.out.set("allow_weak", true)
		c.notef(r, v, "%s is weak: allow_weak is set", s)
	}
}

func renegotiation(c *conv, r row, v *yaml.Node) {
	if s := text(v); s != "RenegotiateNever" && s != "0" {
		nothing(c, r, v)
	}
}
