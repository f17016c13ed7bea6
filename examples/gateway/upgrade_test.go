package main

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An upgraded conn carries bytes both ways, as WebSocket does.
func TestUpgrade(t *testing.T) {
	settled(t)
	g := start(t, front(upgrader(t)), nil)
	c, r := upgrade(t, g.address("http"))
	for range 3 {
		say(t, c, "ping\n")
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "ping\n", line)
	}
	require.NoError(t, c.Close())
	g.log.eventually(t, "status=101")
}

// upgrader runs an upstream that echoes after an upgrade.
func upgrader(t *testing.T) string {
	t.Helper()
	return upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		// RFC 6455, section 4.2.2
		accept := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		w.Header().Set("Sec-WebSocket-Accept", base64.StdEncoding.EncodeToString(accept[:]))
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		io.Copy(c, rw)
	})
}

// upgrade returns an upgraded conn and its reader.
func upgrade(t *testing.T, address string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c := dialTCP(t, address)
	say(t, c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	r := bufio.NewReader(c)
	res, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
	return c, r
}

// An upgraded conn has the drain time as well, and is cut after it.
func TestDrainUpgrade(t *testing.T) {
	for _, cut := range []bool{false, true} {
		t.Run(fmt.Sprintf("cut=%v", cut), func(t *testing.T) {
			settled(t)
			g := start(t, front(upgrader(t)), nil)
			c, r := upgrade(t, g.address("http"))
			done := make(chan bool, 1)
			ctx, over := context.WithCancel(t.Context())
			defer over()
			go func() { done <- g.Shutdown(ctx) }()
			refused(t, g.address("http"))
			say(t, c, "ping\n")
			line, err := r.ReadString('\n')
			require.NoError(t, err)
			assert.Equal(t, "ping\n", line)
			if cut {
				over()
			} else {
				require.NoError(t, c.Close())
			}
			assert.Equal(t, !cut, <-done)
			if cut {
				_, err := r.ReadByte()
				require.Error(t, err)
			}
		})
	}
}
