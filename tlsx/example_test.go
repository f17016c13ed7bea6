package tlsx_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// demo makes the files of a server and returns their names, and the CA's.
func demo() (chain, key, ca string, remove func()) {
	dir, err := os.MkdirTemp("", "tlsx")
	check(err)
	root, err := pki.New(nil)
	check(err)
	cert, err := root.Issue(&pki.Leaf{Names: []string{"example.com"}})
	check(err)
	chain, key, err = cert.Write(dir, "server")
	check(err)
	ca = dir + "/ca.pem"
	check(os.WriteFile(ca, root.PEM(), 0o600))
	return chain, key, ca, func() { os.RemoveAll(dir) }
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func ExampleNew() {
	chain, key, ca, remove := demo()
	defer remove()

	server, err := tlsx.New(&tlsx.Config{
		Certificates: []tlsx.Certificate{{
			Chain: tlsx.File(chain),
			Key:   tlsx.File(key),
		}},
		Preset: tlsx.Intermediate,
		ALPN:   []string{"h2", "http/1.1"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := tlsx.New(&tlsx.Config{
		Roots:      tlsx.CAs{From: []tlsx.Data{tlsx.File(ca)}},
		ServerName: "example.com",
		ALPN:       []string{"h2"},
		MinVersion: tls.VersionTLS13,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	near, far := net.Pipe()
	defer near.Close()
	go tls.Server(far, server).Handshake()
	conn := tls.Client(near, client)
	check(conn.Handshake())
	s := tlsx.Describe(conn.ConnectionState())
	fmt.Println(s.Version, s.Curve, s.ALPN, s.Peer.Name)
	// Output: TLS 1.3 X25519MLKEM768 h2 example.com
}

// Every mistake is told, with what there is instead.
func ExampleNew_errors() {
	_, err := tlsx.New(&tlsx.Config{
		MinVersion: tls.VersionTLS11,
		Curves:     []tls.CurveID{tls.X25519, tls.X25519},
		ALPN:       []string{"h2", ""},
	})
	fmt.Println(err)
	// Output:
	// tlsx: config: ALPN[1]: is empty
	// tlsx: config: MinVersion=TLS 1.1: is weak: want TLS 1.2 or TLS 1.3, or AllowWeak
	// tlsx: config: Curves[1]=x25519: is there twice
}

func ExampleParseCurve() {
	curve, err := tlsx.ParseCurve("P-256")
	check(err)
	fmt.Println(tlsx.CurveName(curve))
	_, err = tlsx.ParseCurve("sect571r1")
	fmt.Println(err)
	// Output:
	// secp256r1
	// tlsx: parse: curve=sect571r1: is none of X25519MLKEM768, SecP256r1MLKEM768, SecP384r1MLKEM1024, x25519, secp256r1, secp384r1, secp521r1
}
