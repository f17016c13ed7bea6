package http3x_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the README says of CloseIdleConnections: it cuts bodies that are being read. If this fails, quic-go has mended it.
func TestCloseIdleConnectionsCutsBodies(t *testing.T) {
	noLeak(t)
	leave := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		<-leave
	}, nil)
	rt := transport(t, nil)
	res, err := rt.RoundTrip(request(t, http.MethodGet, s.url("/"), nil))
	require.NoError(t, err)
	defer res.Body.Close()
	rt.CloseIdleConnections()
	_, err = io.ReadAll(res.Body)
	assert.Error(t, err)
	close(leave)
}
