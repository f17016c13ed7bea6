package dtlsx_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// Names are IANA's.
func ExampleParseCipherSuite() {
	suite, err := dtlsx.ParseCipherSuite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
	fmt.Println(dtlsx.CipherSuiteName(suite), err)
	// Output: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 <nil>
}

func ExampleParseCurve() {
	curve, err := dtlsx.ParseCurve("x25519")
	fmt.Println(curve == tls.X25519, dtlsx.CurveName(curve), err)
	// Output: true x25519 <nil>
}

func ExampleParseSRTPProfile() {
	profile, err := dtlsx.ParseSRTPProfile("SRTP_AEAD_AES_128_GCM")
	fmt.Println(dtlsx.SRTPProfileName(profile), err)
	// Output: SRTP_AEAD_AES_128_GCM <nil>
}

// With a cache on both sides the second conn resumes the session of the first.
func ExampleNewSessionCache() {
	ca, err := pki.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"localhost"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := dtlsx.NewSessionCache(10_000, time.Hour)
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := dtlsx.NewSessionCache(0, 0) // the defaults
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := dtlsx.NewListener(context.Background(), &dtlsx.ListenConfig{
		Address: "127.0.0.1:0",
		Config:  dtlsx.Config{TLS: &tls.Config{Certificates: []tls.Certificate{cert.TLS()}}, Sessions: server},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{
		Config: dtlsx.Config{TLS: &tls.Config{RootCAs: ca.Pool(), ServerName: "localhost"}, Sessions: client},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		c, err := d.Dial("udp", l.Addr().String())
		if err != nil {
			fmt.Println(err)
			return
		}
		accepted, err := l.Accept()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("resumed:", accepted.(*dtlsx.Conn).ConnectionState().Resumed)
		c.Close()
		accepted.Close()
	}
	// Output:
	// resumed: false
	// resumed: true
}
