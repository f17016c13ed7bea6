package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A thousand clients, all connected at once, send request after request on
// their conns, and each gets its own answers.
func TestThousandClients(t *testing.T) {
	settled(t)
	const clients, requests = 1000, 5
	p := spawn(t, echoConfig)
	address := p.address(t, "http")
	var connected, done sync.WaitGroup
	connected.Add(clients)
	errs := make(chan error, clients)
	for id := range clients {
		done.Go(func() {
			c, err := net.DialTimeout("tcp", address, patience)
			connected.Done()
			connected.Wait() // nobody begins before all are there
			if err == nil {
				err = errors.Join(converse(c, id, requests), c.Close())
			}
			errs <- err
		})
	}
	done.Wait()
	for range clients {
		require.NoError(t, <-errs)
	}
	require.Eventually(t, func() bool {
		return strings.Count(p.log.String(), "msg=request ") == clients*requests
	}, patience, 10*time.Millisecond)
	p.terminate(t)
	assert.Equal(t, 0, p.ended(t))
	assert.NotContains(t, p.log.String(), "level=WARN")
}

// converse sends requests on one conn and compares the answers.
func converse(c net.Conn, id, requests int) error {
	if err := c.SetDeadline(time.Now().Add(3 * patience)); err != nil {
		return err
	}
	r := bufio.NewReader(c)
	for n := range requests {
		want := fmt.Sprintf("request %d of client %d", n, id)
		if _, err := fmt.Fprintf(c, "POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", id, len(want), want); err != nil {
			return err
		}
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			return fmt.Errorf("%s: %w", want, err)
		}
		got, err := io.ReadAll(res.Body)
		if err != nil || string(got) != want || res.Close {
			return fmt.Errorf("%s: status %d, body %q, close %v, %w", want, res.StatusCode, got, res.Close, err)
		}
	}
	return nil
}

// echoes says whether a request goes to the echo and back; both kinds of
// listener do that with it.
func echoes(address string) bool {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return false
	}
	defer c.Close()
	return converse(c, 0, 1) == nil
}

// converseBytes sends a text to an echo and compares.
func converseBytes(c net.Conn, text string) error {
	return (&streamCaller{conn: c}).call([]byte(text))
}
