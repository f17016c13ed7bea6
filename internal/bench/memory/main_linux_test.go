package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestMain lets the test's program be its own agent.
func TestMain(m *testing.M) {
	if os.Getenv(asAgent) != "" {
		main()
		return
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // agents end often, and the race detector lets each wait a second
	os.Exit(m.Run())
}

func TestTables(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(nil, &out, []string{"-conns=300", "-case=^a conn"}))
	text := out.String()
	assert.Contains(t, text, ". 300 conns in 1 servers.\n")
	for _, m := range modes()[:2] {
		assert.Contains(t, text, "| "+m.name+" | bytes | more |")
	}
	for _, w := range listeners() {
		rows := regexp.MustCompile(`(?m)^\| `+regexp.QuoteMeta(w.name)+` \| (\d+) \| [+-]\d+ \|`).FindAllStringSubmatch(text, -1)
		require.Len(t, rows, 2, w.name)
		for _, row := range rows {
			assert.GreaterOrEqual(t, len(row[1]), 3, "a conn takes a hundred bytes or more: %s", row[0])
		}
	}
}

// TestServers looks at the tables of the servers.
func TestServers(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(nil, &out, []string{"-conns=100", "-case=TLS"}))
	assert.Len(t, regexp.MustCompile(`(?m)^\| httpx?.Server \| \d{4,} \| `).FindAllString(out.String(), -1), 4, "%s", &out)
}

// TestDatagramServers looks at the tables of what is not TCP.
func TestDatagramServers(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(nil, &out, []string{"-conns=30", "-case=QUIC|HTTP/3|DTLS"}))
	assert.Len(t, regexp.MustCompile(`(?m)^\| [^|]+ \| \d{5,} \| `).FindAllString(out.String(), -1), 8, "%s", &out)
}

// TestSeveralServers has more conns than a process is given.
func TestSeveralServers(t *testing.T) {
	r, err := measure(listeners()[0], modes()[0], []int{200, 200, 50})
	require.NoError(t, err)
	assert.Greater(t, r.Objects, int64(450*3), "conn, descriptor and addresses of each")
	assert.Less(t, r.Objects, int64(450*30))
	assert.Positive(t, r.Heap)
}

func TestSplit(t *testing.T) {
	parts, err := split(3*perServer + 1)
	require.NoError(t, err)
	sum := 0
	for _, n := range parts {
		assert.LessOrEqual(t, n, perServer)
		sum += n
	}
	assert.Equal(t, 3*perServer+1, sum)
	assert.GreaterOrEqual(t, len(parts), 4)

	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	t.Cleanup(func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)) })
	few := limit
	few.Cur = 150
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &few))
	_, err = split(10)
	require.ErrorContains(t, err, "RLIMIT_NOFILE=150")
}

func TestBadArguments(t *testing.T) {
	for want, args := range map[string][]string{
		"-conns=0":     {"-conns=0"},
		"missing clos": {"-case=("},
		"not defined":  {"-what"},
	} {
		require.ErrorContains(t, run(nil, &bytes.Buffer{}, args), want)
	}
	held := modes()[0].name
	for want, args := range map[string][]string{
		"too few":        {"serve", "1"},
		"invalid syntax": {"serve", "x", "y"},
		"no mode":        {"serve", "1", "y"},
		"out of range":   {"dial", "1", held, "127.0.0.1:1", "300"},
		"refused":        {"dial", "1", held, "127.0.0.1:1", "1"},
		"want serve or":  {"neither", "1", held},
	} {
		require.ErrorContains(t, agent(nil, &bytes.Buffer{}, listeners()[0].name, args), want)
	}
	require.ErrorContains(t, agent(nil, &bytes.Buffer{}, "neither", []string{"serve", "1", held}), "no way")
	_, err := measure(way{name: "neither"}, modes()[0], []int{1})
	require.ErrorContains(t, err, "no way", "what the server says is in the error")
	assert.Equal(t, 1, strings.Count(err.Error(), "exit status 1"))
}
