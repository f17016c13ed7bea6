package tlsx

import (
	"crypto/sha256"
	"fmt"
	"slices"
)

// named is a field of a Config that names a file or a variable.
type named struct {
	field string
	data  Data
}

// named lists all that c names outside of itself.
func (c *Config) named() []named {
	var list []named
	one := func(field string, d Data) {
		if d.File != "" || d.Env != "" {
			list = append(list, named{field, d})
		}
	}
	all := func(field string, data []Data) {
		for i, d := range data {
			one(fmt.Sprintf("%s[%d]", field, i), d)
		}
	}
	for i := range c.Certificates {
		cert, at := &c.Certificates[i], certificateAt(i)+"."
		one(at+"Chain", cert.Chain)
		one(at+"Key", cert.Key)
		one(at+"PKCS12", cert.PKCS12)
		one(at+"Password", cert.Password)
		one(at+"OCSP.Response", cert.OCSP.Response)
		one(at+"OCSP.Issuer", cert.OCSP.Issuer)
	}
	all("Roots.From", c.Roots.From)
	all("ClientCAs.From", c.ClientCAs.From)
	all("Peer.CRLs", c.Peer.CRLs)
	all("Tickets.Keys", c.Tickets.Keys)
	one("ECH.Configs", c.ECH.Configs)
	all("ECH.Keys", c.ECH.Keys)
	return list
}

// outside reports whether any of list is not in the Config itself, and can so
// change.
func outside(list []Data) bool {
	return slices.ContainsFunc(list, func(d Data) bool { return d.File != "" || d.Env != "" })
}

// digest is what a field's content was: its hash, or why it could not be read.
type digest struct {
	sum [sha256.Size]byte
	err string
}

// digests reads all that list names, each file once.
func digests(list []named) []digest {
	seen := map[Data]digest{}
	all := make([]digest, len(list))
	for i, n := range list {
		d, ok := seen[n.data]
		if !ok {
			d = digestOf(n.data)
			seen[n.data] = d
		}
		all[i] = d
	}
	return all
}

func digestOf(d Data) digest {
	text, err := d.read()
	if err != nil {
		return digest{err: err.Error()}
	}
	return digest{sum: sha256.Sum256(text)}
}
