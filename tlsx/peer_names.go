package tlsx

import "crypto/x509"

// named reports whether one of the names is in the leaf.
func (v *verifier) named(leaf *x509.Certificate) bool {
	for _, n := range v.names {
		if n.in(leaf) {
			return true
		}
	}
	return false
}

// maxHave bounds how many names of a certificate an error shows: the peer
// decides how many there are.
const maxHave = 16

func namesOf(leaf *x509.Certificate) []string {
	list := append([]string(nil), leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		list = append(list, ip.String())
	}
	list = append(list, leaf.EmailAddresses...)
	for _, u := range leaf.URIs {
		list = append(list, u.String())
	}
	if len(list) > maxHave {
		list = append(list[:maxHave], "...")
	}
	return list
}
