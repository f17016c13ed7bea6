package tlsx_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

func TestALPNRefused(t *testing.T) {
	long := strings.Repeat("x", 256)
	refused(t, &tlsx.Config{ALPN: []string{"h2", "", "h2", long}},
		"ALPN[1]: |empty", "ALPN[2]=h2: |twice", "ALPN[3]=|256 bytes")
	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprintf("%0255d", i))
	}
	refused(t, &tlsx.Config{ALPN: many}, "ALPN: |76800 bytes")
	_, err := tlsx.New(&tlsx.Config{ALPN: []string{"h2", "http/1.1", long[:255]}})
	assert.NoError(t, err)
}

func TestServerNames(t *testing.T) {
	for _, name := range []string{"example.com", "EXAMPLE.com.", "a_b.example", "localhost", "192.0.2.1", "2001:db8::1", "xn--bcher-kva.example", "1.example"} {
		_, err := tlsx.New(&tlsx.Config{ServerName: name})
		require.NoError(t, err, name)
	}
	for _, name := range []string{
		"example.com:443", "https://example.com", ".", "a..b", "-a.example", "a-.example", "*.example.com", "bücher.example", "\u212a.example", "\u0130.example",
		"a b", "192.0.2.1.", "fe80::1%eth0", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "a", "[2001:db8::1]",
	} {
		refused(t, &tlsx.Config{ServerName: name}, "ServerName="+name+": |neither a host name")
	}
	refused(t, one(tlsx.Certificate{Chain: tlsx.File("x"), Names: []string{"fe80::1%eth0", "*.fe80::1%eth0"}}),
		"Certificates[0].Names[0]=fe80::1%eth0: |without a zone", "Certificates[0].Names[1]=*.fe80::1%eth0: |without a zone")
}
