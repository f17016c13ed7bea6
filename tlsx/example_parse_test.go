package tlsx_test

import (
	"crypto/tls"
	"fmt"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

func ExampleParseVersion() {
	version, err := tlsx.ParseVersion("1.3")
	fmt.Println(tls.VersionName(version), err)
	_, err = tlsx.ParseVersion("1.4")
	fmt.Println(err)
	// Output:
	// TLS 1.3 <nil>
	// tlsx: parse: version=1.4: is none of TLS 1.0, TLS 1.1, TLS 1.2, TLS 1.3
}

func ExampleParseCipherSuite() {
	suite, err := tlsx.ParseCipherSuite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
	fmt.Println(tls.CipherSuiteName(suite), err)
	// Output: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 <nil>
}

func ExampleParseSignature() {
	scheme, err := tlsx.ParseSignature("ecdsa_secp256r1_sha256")
	fmt.Println(scheme, tlsx.SignatureName(scheme), err)
	// Output: ECDSAWithP256AndSHA256 ecdsa_secp256r1_sha256 <nil>
}

// A server's policy, in the words of a command line.
func ExampleParseClientAuth() {
	auth, err := tlsx.ParseClientAuth("RequireAndVerifyClientCert")
	check(err)
	preset, err := tlsx.ParsePreset("modern")
	check(err)
	unknown, err := tlsx.ParseUnknownName("refuse")
	check(err)
	fmt.Println(auth, preset, unknown)
	// Output: RequireAndVerifyClientCert modern refuse
}

// A server whose clients need not tell a listener on the way which name they want.
func ExampleNewECHKey() {
	key, config, err := tlsx.NewECHKey("public.example.com")
	check(err)
	ca, err := pki.New(nil)
	check(err)
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"public.example.com", "secret.example.com"}})
	check(err)
	loaded := cert.TLS()

	server, err := tlsx.New(&tlsx.Config{
		Certificates: []tlsx.Certificate{{Value: &loaded}},
		ECH:          tlsx.ECH{Keys: []tlsx.Data{tlsx.Text(string(key))}},
	})
	check(err)
	client, err := tlsx.New(&tlsx.Config{
		Roots:      tlsx.CAs{From: []tlsx.Data{tlsx.Text(string(ca.PEM()))}},
		ServerName: "secret.example.com",
		ECH:        tlsx.ECH{Configs: tlsx.Text(string(config))},
	})
	check(err)
	state := exampleHandshake(server, client)
	fmt.Println(state.ServerName, "was hidden:", state.ECHAccepted)
	// Output: secret.example.com was hidden: true
}
