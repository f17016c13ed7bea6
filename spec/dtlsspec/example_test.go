package dtlsspec_test

import (
	"fmt"

	"github.com/strata-net/strata/spec/dtlsspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// A key that both sides know, and no certificates.
func ExampleNewListenerFromSpec() {
	keys := &specv1.DataSource{Source: &specv1.DataSource_Text{Text: "sensor-7:616e206578616d706c65"}}
	l, err := dtlsspec.NewListenerFromSpec(&specv1.DTLSListenConfig{
		Address: new("127.0.0.1:0"),
		Dtls:    &specv1.DTLSConfig{Psk: &specv1.DTLSConfig_PSK{KeysFrom: keys}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	d, err := dtlsspec.NewDialerFromSpec(&specv1.DTLSDialConfig{
		Dtls: &specv1.DTLSConfig{Psk: &specv1.DTLSConfig_PSK{Identity: new("sensor-7"), KeysFrom: keys}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := d.Dial("udp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	accepted, err := l.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer accepted.Close()
	fmt.Fprint(c, "hello")
	b := make([]byte, 100)
	n, err := accepted.Read(b)
	fmt.Println(string(b[:n]), err)
	// Output: hello <nil>
}
