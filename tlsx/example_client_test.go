package tlsx_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// exampleServer serves HTTPS on an IP address; the roots are in roots.pem.
func exampleServer() (folder, url string, stop func()) {
	folder, ca := exampleFolder()
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"127.0.0.1"}})
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "roots.pem"), ca.PEM(), 0o600)
	}
	if err != nil {
		panic(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert.TLS()}}
	server.EnableHTTP2 = true
	server.StartTLS()
	return folder, server.URL, func() {
		server.Close()
		os.RemoveAll(folder)
	}
}

// A client of servers that are dialled by IP address, with roots that follow
// their file: each conn gets the config of the moment.
func ExampleSource_Current() {
	folder, url, stop := exampleServer()
	defer stop()
	source, err := tlsx.NewSource(context.Background(), &tlsx.Config{
		Roots: tlsx.CAs{From: []tlsx.Data{tlsx.File(filepath.Join(folder, "roots.pem"))}},
		ALPN:  []string{"h2", "http/1.1"}, // net/http leaves it to who dials
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()

	transport := &http.Transport{
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			dialer := tls.Dialer{Config: source.Current()}
			return dialer.DialContext(ctx, network, address)
		},
		ForceAttemptHTTP2: true,
	}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer.Body.Close()
	fmt.Println(answer.Proto, len(answer.TLS.VerifiedChains))
	// Output: HTTP/2.0 1
}
