package tlsx_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// exampleFolder has a certificate for api.example.com in server.pem and
// server.key, and changes to it.
func exampleFolder() (folder string, ca *pki.CA) {
	folder, err := os.MkdirTemp("", "tlsx-")
	if err != nil {
		panic(err)
	}
	if ca, err = pki.New(nil); err != nil {
		panic(err)
	}
	exampleRenew(folder, ca)
	return folder, ca
}

func exampleRenew(folder string, ca *pki.CA) {
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"api.example.com"}})
	if err == nil {
		_, _, err = cert.Write(folder, "server")
	}
	if err != nil {
		panic(err)
	}
}

// A server whose certificate is renewed while it runs.
func ExampleNewSource() {
	folder, ca := exampleFolder()
	defer os.RemoveAll(folder)
	ctx := context.Background()
	reloaded := make(chan []string, 1)

	source, err := tlsx.NewSource(ctx, &tlsx.Config{
		Certificates: []tlsx.Certificate{{
			Chain: tlsx.File(filepath.Join(folder, "server.pem")),
			Key:   tlsx.File(filepath.Join(folder, "server.key")),
		}},
		Reload: tlsx.Reload{OnReload: func(e tlsx.Event) {
			if e.Err != nil {
				return // the files are not whole: what was there before stays in use
			}
			select {
			case reloaded <- e.Leaves[0].DNSNames:
			default:
			}
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	server := &http.Server{TLSConfig: source.Config(), ReadHeaderTimeout: 10 * time.Second}

	exampleRenew(folder, ca)
	fmt.Println(<-reloaded, server.TLSConfig == source.Config())
	// Output: [api.example.com] true
}

// Servers that resume each other's sessions. To rotate, put a new key in front.
func ExampleTickets() {
	key := make([]byte, 32) // from crypto/rand, or "openssl rand -base64 32"
	key[0] = 1
	config, err := tlsx.New(&tlsx.Config{
		Tickets: tlsx.Tickets{Keys: []tlsx.Data{tlsx.Text(string(key))}},
	})
	fmt.Println(config.SessionTicketsDisabled, err)
	// Output: false <nil>
}
