package httpspec_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec/document"
	"github.com/strata-net/strata/spec/httpspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// What reading finds and what the mapper finds is told at once, with the places of
// the document.
func TestDocument(t *testing.T) {
	const text = `# comment
read_header_timeout: 10s
idle_timeout: 60
protocols:
  - http1
  - h4
listeners:
  - address: 127.0.0.1:8443
    tls:
      # A comment is a line, too.
      certificates:
        - chain: {text: none}
          key: {text: none}
      min_version: "1.4"
    max_cons: 5
`
	var m specv1.HTTPServerConfig
	_, err := document.Unmarshal("gateway.yaml", []byte(text), &m, &document.Options{Check: func(m proto.Message) error {
		_, _, err := httpspec.ServerConfig(t.Context(), m.(*specv1.HTTPServerConfig))
		return err
	}})
	require.EqualError(t, err, `gateway.yaml:3: idle_timeout: 60: a duration has a unit: 60s
gateway.yaml:6: protocols[1]: "h4": allowed are http1, http2 and h2c
gateway.yaml:12: listeners[0].tls.certificates[0].chain: (text): is not PEM
gateway.yaml:13: listeners[0].tls.certificates[0].key: (text): is not PEM
gateway.yaml:14: listeners[0].tls.min_version: "1.4": allowed are 1.0, 1.1, 1.2 and 1.3
gateway.yaml:15: listeners[0].max_cons: unknown field, did you mean max_conns?`)
}
