package listener_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

func TestHTTPServerSeesTLSAndHTTP2(t *testing.T) {
	ca := newAuthority(t)
	noLeak(t)
	for _, test := range []struct {
		name    string
		offered []string // by the server
		http2   bool     // tried by the client
		want    string
	}{
		{"HTTP/2", []string{"h2", "http/1.1"}, true, "HTTP/2.0 true h2"},
		{"HTTP/1.1 client", []string{"h2", "http/1.1"}, false, "HTTP/1.1 true "},
		{"server without h2", nil, true, "HTTP/1.1 true "},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := ca.server(t, "127.0.0.1")
			config.NextProtos = test.offered
			l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: config})
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				text := r.Proto + " false "
				if r.TLS != nil {
					text = r.Proto + " true " + r.TLS.NegotiatedProtocol
				}
				io.WriteString(w, text)
			})}
			served := make(chan error, 1)
			go func() { served <- server.Serve(l) }()

			transport := &http.Transport{TLSClientConfig: ca.client(), ForceAttemptHTTP2: test.http2}
			client := http.Client{Transport: transport}
			response, err := client.Get("https://" + l.Addr().String())
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			response.Body.Close()
			assert.Equal(t, test.want, string(body))

			transport.CloseIdleConnections()
			require.NoError(t, server.Shutdown(t.Context()))
			require.ErrorIs(t, <-served, http.ErrServerClosed)
		})
	}
}
