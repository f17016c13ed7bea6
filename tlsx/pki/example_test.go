package pki_test

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/strata-net/strata/tlsx/pki"
)

func Example() {
	root, err := pki.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ca, err := root.Intermediate(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := ca.Issue(&pki.Leaf{Names: []string{"localhost", "127.0.0.1", "::1"}, Server: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(server.Leaf().Subject, len(server.TLS().Certificate))
	// Output: CN=localhost 2
}

func ExampleCA_Revoke() {
	ca, err := pki.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	expired, err := ca.Issue(&pki.Leaf{Names: []string{"a.test"}, NotAfter: time.Now().Add(-time.Minute)})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = expired.Leaf().Verify(x509.VerifyOptions{Roots: ca.Pool()})
	fmt.Println(err != nil)

	ca.Revoke(expired)
	list, err := ca.CRL()
	fmt.Println(len(list) > 0, err)
	// Output:
	// true
	// true <nil>
}
