package acme_test

import (
	"fmt"
	"os"

	"github.com/strata-net/strata/tlsx/acme"
)

// What is wrong is told before the CA is asked for anything.
func ExampleNew() {
	_, err := acme.New(&acme.Config{Hosts: []string{"*.example.com"}, Cache: "cache"})
	fmt.Println(err)

	folder, err := os.MkdirTemp("", "acme-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	m, err := acme.New(&acme.Config{
		Directory:  acme.LetsEncryptStaging,
		Hosts:      []string{"example.com"},
		Cache:      folder,
		AgreeTerms: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.TLSConfig(nil).NextProtos) // it answers the challenge when Run has ordered
	// Output:
	// acme: config: Hosts[0]=*.example.com: is a wildcard, which needs the challenge DNS-01: not supported
	// acme: config: AgreeTerms: is false: the CA wants you to agree to its terms of service
	// [h2 http/1.1 acme-tls/1]
}
