package main

import (
	"bytes"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
)

// result is what a run of the program leaves.
type result struct {
	status    int
	out, diag string
}

func runWith(t *testing.T, args ...string) result {
	t.Helper()
	var out, diag bytes.Buffer
	status := run(t.Context(), args, &out, &diag)
	return result{status, out.String(), diag.String()}
}

// listen returns the address of a listener on loopback, and what tells how many conns it took. They are taken in
// their order: a last one, of the test's own, comes after all that were dialled before.
func listen(t *testing.T) (address string, accepted func() int) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	from := make(chan string, 16)
	go func() {
		defer close(from)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			from <- conn.RemoteAddr().String()
			conn.Close()
		}
	}()
	return l.Addr().String(), func() int {
		last, err := net.Dial("tcp4", l.Addr().String())
		require.NoError(t, err)
		defer last.Close()
		n := 0
		for address := range from {
			if address == last.LocalAddr().String() {
				break
			}
			n++
		}
		return n
	}
}

// cells splits the lines of a table.
func cells(text string) map[string][]string {
	lines := map[string][]string{}
	for line := range strings.Lines(text) {
		columns := regexp.MustCompile(` {2,}`).Split(strings.TrimSpace(line), -1)
		lines[columns[0]] = columns
	}
	return lines
}

func TestTable(t *testing.T) {
	r := runWith(t)
	require.Zero(t, r.status, r.diag)
	assert.Empty(t, r.diag)
	lines := cells(r.out)
	assert.Equal(t, []string{"OPTION", "VALUES", "STAGE", "NETWORKS", "DEFAULT", "SINCE", "PRIVILEGE"}, lines["OPTION"])
	for i := range sockopt.All() {
		line := lines[i.Name]
		if assert.Len(t, line, 7, i.Name) && i.ReadOnly {
			assert.Equal(t, "read only", line[2], i.Name)
		}
	}
	assert.Equal(t, []string{"SO_KEEPALIVE", "bool", "established"}, lines["SO_KEEPALIVE"][:3])
	assert.Equal(t, "false", lines["SO_KEEPALIVE"][4])
}

func TestDial(t *testing.T) {
	address, accepted := listen(t)
	r := runWith(t, "tcp", address, "TCP_NODELAY=false, SO_KEEPALIVE=true")
	require.Zero(t, r.status, r.diag)
	assert.Empty(t, r.diag)
	assert.Contains(t, r.out, " to "+address+"\n")
	lines := cells(r.out)
	assert.Equal(t, []string{"TCP_NODELAY", "false", "false", "ok"}, lines["TCP_NODELAY"])
	assert.Equal(t, []string{"SO_KEEPALIVE", "true", "true", "ok"}, lines["SO_KEEPALIVE"])
	assert.Equal(t, 1, accepted())
}

// A preferred option that the network lacks is reported and is no failure.
func TestPreferredOptionIsLacking(t *testing.T) {
	address, _ := listen(t)
	for _, name := range []string{"UDP_SEGMENT", "UDP_RECV_MAX_COALESCED_SIZE", "UDP_CORK"} {
		t.Run(name, func(t *testing.T) {
			r := runWith(t, "tcp", address, "TCP_NODELAY=false,"+name+"?=1")
			require.Zero(t, r.status, r.diag)
			line := cells(r.out)[name]
			require.Len(t, line, 4)
			assert.Equal(t, "-", line[2])
			assert.Contains(t, line[3], "lacking: ")
		})
	}
}

func TestBadCommandLine(t *testing.T) {
	address, accepted := listen(t)
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"one argument", []string{"tcp"}, "1 arguments"},
		{"two arguments", []string{"tcp", address}, "2 arguments"},
		{"four arguments", []string{"tcp", address, "TCP_NODELAY=1", "more"}, "4 arguments"},
		{"unknown option", []string{"tcp", address, "TCP_NODELAI=1"}, "TCP_NODELAI=1: invalid argument: unknown option, did you mean TCP_NODELAY?"},
		{"two mistakes", []string{"tcp", address, "X=1,SO_KEEPALIVE=yes"}, "want true or false"},
		{"no value", []string{"tcp", address, "TCP_NODELAY"}, "want NAME=value"},
		{"out of range", []string{"tcp", address, "SO_LINGER=-5s"}, "SO_LINGER=-5s"},
		{"of another network", []string{"tcp", address, "UDP_SEND_MSG_SIZE=1,UDP_SEGMENT=1"}, "UDP_SEGMENT=1"},
		{"read only", []string{"tcp", address, "SO_TYPE=1"}, "read only"},
		{"unknown network", []string{"tcp5", address, "TCP_NODELAY=1"}, "unknown network tcp5"},
		{"no port", []string{"tcp", "127.0.0.1", "TCP_NODELAY=1"}, "missing port in address"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := runWith(t, test.args...)
			assert.Equal(t, 2, r.status)
			assert.Empty(t, r.out)
			assert.Contains(t, r.diag, test.want)
			assert.True(t, strings.HasSuffix(r.diag, "\n\n"+usage), r.diag)
		})
	}
	assert.Zero(t, accepted(), "nothing was dialled")
}

func TestRefused(t *testing.T) {
	r := runWith(t, "tcp", "127.0.0.1:1", "TCP_NODELAY=1")
	assert.Equal(t, 1, r.status)
	assert.Contains(t, r.diag, "refused")
	assert.NotContains(t, r.diag, "usage")
}
