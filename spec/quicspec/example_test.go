package quicspec_test

import (
	"context"
	"fmt"
	"log"

	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/quicspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx/pki"
)

func ExampleNewListenerFromSpec() {
	ca, err := pki.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"127.0.0.1"}})
	if err != nil {
		log.Fatal(err)
	}

	l, err := quicspec.NewListenerFromSpec(&specv1.QUICListenConfig{
		Address: new("127.0.0.1:0"),
		Tls: &specv1.TLSConfig{
			Certificates: []*specv1.CertKeyPair{{Chain: text(cert.ChainPEM()), Key: text(cert.KeyPEM())}},
			Alpn:         []string{"greeting"},
		},
		Retry: specv1.QUICListenConfig_always.Enum(),
		Deny:  []string{"192.0.2.0/24"},
	})
	if err != nil {
		log.Fatal(err)
	}

	d, err := quicspec.NewDialerFromSpec(&specv1.QUICDialConfig{
		Tls: &specv1.TLSConfig{
			Roots: &specv1.TLSConfig_CAs{From: []*specv1.DataSource{text(ca.PEM())}},
			Alpn:  []string{"greeting"},
		},
	})
	if err != nil {
		log.Fatal(err)
	}

	conn, err := d.DialContext(context.Background(), "udp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(conn.ConnectionState().TLS.NegotiatedProtocol, l.Stats().Retries > 0)
	d.Close()
	l.Close()
	// Output: greeting true
}

func ExampleQUICConfig() {
	_, err := quicspec.QUICConfig(&specv1.QuicConfig{
		Versions:               []string{"v1", "v3"},
		InitialPacketSizeBytes: new(int32(9000)),
	})
	for _, e := range spec.Errors(err) {
		fmt.Println(e)
	}
	// Output:
	// versions[1]: "v3": allowed are v1 and v2
	// initial_packet_size_bytes: 9000: must be 0 (the default) or from 1200 to 1452 bytes
}
