package tlsx

import (
	"crypto"
	"fmt"
	"io"
)

// Format prints the certificate as package fmt prints any struct, by every verb, but
// of Signer the type alone: an ed25519.PrivateKey would print its bytes.
func (cert Certificate) Format(f fmt.State, verb rune) {
	if cert.Signer != nil {
		cert.Signer = typeOnly{cert.Signer}
	}
	type plain Certificate // without this method
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(cert))
}

// typeOnly is a signer that prints its type.
type typeOnly struct{ crypto.Signer }

// Format writes the type, whatever the verb.
func (t typeOnly) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, fmt.Sprintf("%T", t.Signer)) }
