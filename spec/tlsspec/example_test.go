package tlsspec_test

import (
	"crypto/tls"
	"fmt"

	"github.com/strata-net/strata/spec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
)

func Example() {
	config, err := tlsspec.TLSConfig(&specv1.TLSConfig{
		MinVersion: new("1.3"),
		Curves:     []specv1.Curve{specv1.Curve_X25519MLKEM768, specv1.Curve_x25519},
		Alpn:       []string{"h2"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(tls.VersionName(config.MinVersion), config.CurvePreferences, config.NextProtos)
	// Output: TLS 1.3 [X25519MLKEM768 X25519] [h2]
}

// All that is wrong comes at once, each with its field.
func Example_errors() {
	_, err := tlsspec.TLSConfig(&specv1.TLSConfig{
		MinVersion: new("1.4"),
		ServerName: new("a b"),
	})
	for _, e := range spec.Errors(err) {
		fmt.Println(e)
	}
	// Output:
	// min_version: "1.4": allowed are 1.0, 1.1, 1.2 and 1.3
	// server_name: "a b": is neither a host name in ASCII nor an IP address without a zone
}
