package dtlsx_test

import (
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/pki"
)

// authority signs the certificates of the tests.
var authority = sync.OnceValue(func() *pki.CA {
	ca, err := pki.New(nil)
	if err != nil {
		panic(err)
	}
	return ca
})

// issue makes a certificate that has to be possible.
func issue(t *testing.T, l *pki.Leaf) *pki.Certificate {
	t.Helper()
	c, err := authority().Issue(l)
	require.NoError(t, err)
	return c
}

// eventually waits until a condition holds. A minute is for a machine that is busy: what fails takes that long.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), "never: %s", what)
	}
}

// poller makes package net open the descriptors that it keeps.
var poller = sync.OnceFunc(func() {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
	}
})

// noLeak requires that the goroutines and descriptors of this process are back
// at today's number when the test has ended. No parallel tests then.
func noLeak(t *testing.T) {
	t.Helper()
	poller()
	goroutines, fds := runtime.NumGoroutine(), openFDs(t)
	t.Cleanup(func() {
		// By hand: assert.Eventually has goroutines of its own. Each try counts once, because NumGoroutine is off by
		// hundreds at the moment when the runtime moves ended ones from list to list.
		var g, f int
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if g, f = runtime.NumGoroutine(), openFDs(t); g <= goroutines && f <= fds {
				return
			}
		}
		assert.Failf(t, "leak", "goroutines: %d, before: %d; descriptors: %d, before: %d", g, goroutines, f, fds)
	})
}

// quietAddr is an address of UDP on loopback where nobody listens. Its port is below those that the system gives to
// sockets which ask for none, so that nobody gets it who does not want this one.
func quietAddr(t *testing.T) string {
	t.Helper()
	for range 1000 {
		s, err := net.ListenPacket("udp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(20_000))))
		if err == nil {
			defer s.Close()
			return s.LocalAddr().String()
		}
	}
	require.Fail(t, "no port is free")
	return ""
}
