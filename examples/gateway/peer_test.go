package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// upstream runs an HTTP/1.1 server and returns its address.
func upstream(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = discardLog()
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// listenTCP returns a plain listener for an upstream that the test plays.
func listenTCP(t *testing.T) *net.TCPListener {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// closedPort returns an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", freePorts(t, "127.0.0.1", 1))
}

// freePorts returns the first of n ports in a row that are free at an address now,
// for TCP and UDP. They are below those that the system gives to clients and to who
// listens at port 0, so that nobody else is given one of them.
func freePorts(t *testing.T, host string, n int) int {
	t.Helper()
	for range 100 {
		if low := 10000 + rand.IntN(10000); allFree(host, low, n) {
			return low
		}
	}
	t.Fatal("no free ports in a row")
	return 0
}

func allFree(host string, low, n int) bool {
	for port := low; port < low+n; port++ {
		address := net.JoinHostPort(host, strconv.Itoa(port))
		l, err := net.Listen("tcp", address)
		if err != nil {
			return false
		}
		l.Close()
		pc, err := net.ListenPacket("udp", address)
		if err != nil {
			return false
		}
		pc.Close()
	}
	return true
}

// acceptTCP returns the next conn of an upstream that the test plays.
func acceptTCP(t *testing.T, l *net.TCPListener) *net.TCPConn {
	t.Helper()
	require.NoError(t, l.SetDeadline(time.Now().Add(patience)))
	c, err := l.AcceptTCP()
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return c
}
