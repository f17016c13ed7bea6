package httpx_test

import (
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// A handler closes the client's end and returns, while another goroutine writes
// to it, and the client does not read.
func TestStreamConnClose(t *testing.T) {
	for name, writes := range map[string]int{"at once": 1, "that is full": 2} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			ended := make(chan error, 1)
			closed := make(chan error, 1)
			s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c := httpx.StreamConn(w, r)
				wrote := make(chan struct{}, 1<<10)
				go func() {
					for {
						_, err := c.Write(make([]byte, 40<<10))
						if err != nil {
							ended <- err
							return
						}
						wrote <- struct{}{}
					}
				}()
				<-wrote
				for writes > 1 && len(wrote) > 0 { // until nothing is taken any more
					<-wrote
					time.Sleep(20 * time.Millisecond)
				}
				closed <- c.Close()
				_, err := c.Write([]byte("x"))
				assert.ErrorIs(t, err, net.ErrClosed)
			})})
			res, err := client(t, onlyH2C, nil).RoundTrip(mustRequest(t, "http://"+s.addr))
			require.NoError(t, err)
			require.NoError(t, <-closed)
			require.Error(t, <-ended)
			res.Body.Close()
		})
	}
}
