package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A wrong command line says all that is wrong with it and ends with 2.
func TestFlags(t *testing.T) {
	for _, test := range []struct {
		name   string
		args   []string
		status int
		diag   []string
	}{
		{"help", []string{"-h"}, 0, []string{"-rootless", "-via direct"}},
		{"unknown", []string{"-nothing"}, 2, []string{"-nothing"}},
		{"nobody to serve", nil, 2, []string{"neither -netns nor a program"}},
		{"scheme", []string{"-via", "ftp://proxy", "true"}, 2, []string{"-via: ", "socks5, socks5h, http, https"}},
		{"password", []string{"-via", "socks5://me:se cret@proxy", "true"}, 2, []string{"-via: "}},
		{"two faults", []string{"-mtu", "100", "-via", "ftp://proxy", "true"}, 2, []string{"-mtu 100: ", "-via: "}},
		{"no CA", []string{"-ca", "testdata/nowhere.pem", "true"}, 2, []string{`-ca "testdata/nowhere.pem"`, "no such file"}},
		{"bad CA", []string{"-ca", "main_test.go", "true"}, 2, []string{`-ca "main_test.go"`}},
		{"name without TLS", []string{"-server-name", "a.test", "true"}, 2, []string{"there is no -tls"}},
		{"policy", []string{"-udp", "maybe", "true"}, 2, []string{"-udp", "auto, direct, truncate, resolve, refuse"}},
		{"pings", []string{"-echo", "maybe", "true"}, 2, []string{"-echo", "auto, pass, answer, drop"}},
		{"flows", []string{"-flows", "maybe", "true"}, 2, []string{"-flows", "auto, table, events, none"}},
		{"JSON in a table", []string{"-flows", "table", "-json", "true"}, 2, []string{"-json excludes"}},
		{"address", []string{"-address", "10.0.0.1", "true"}, 2, []string{"-address"}},
		{"route", []string{"-route", "10.0.0.0/8,x", "true"}, 2, []string{"-route"}},
		{"proxy", []string{"-rootless", "-proxy", "localhost", "true"}, 2, []string{`-proxy "localhost"`}},
		{"forward", []string{"-rootless", "-forward", "127.0.0.1:1", "true"}, 2, []string{"LOCAL=TARGET"}},
		{"forward from a name", []string{"-rootless", "-forward", "localhost:1=a.test:1", "true"}, 2, []string{"-forward"}},
		{"forward to nothing", []string{"-rootless", "-forward", "127.0.0.1:1=a.test", "true"}, 2, []string{"missing port"}},
		{"datagrams to a name", []string{"-rootless", "-forward", "udp:127.0.0.1:1=a.test:1", "true"}, 2, []string{"-forward"}},
		{"device without one", []string{"-rootless", "-device", "tun1"}, 2, []string{"-device is for"}},
		{"proxy with a device", []string{"-proxy", "127.0.0.1:1", "true"}, 2, []string{"-proxy is for"}},
		{"demo of something", []string{"-demo", "-via", "direct"}, 2, []string{"-demo excludes -via"}},
		{"demo of a program", []string{"-demo", "true"}, 2, []string{"-demo takes no program"}},
		{"size", []string{"-demo", "-size", "0"}, 2, []string{"-size 0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, diag bytes.Buffer
			assert.Equal(t, test.status, run(t.Context(), test.args, &out, &diag))
			for _, text := range test.diag {
				assert.Contains(t, diag.String(), text)
			}
			assert.NotContains(t, diag.String(), "cret")
			assert.Empty(t, out.String())
		})
	}
}
