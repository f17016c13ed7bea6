package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/bench/lab/labtest"
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

// TestEachWay plays each way against itself and against the C program over loopback.
func TestEachWay(t *testing.T) {
	p := build(t)
	s, err := paths()[0].open()
	require.NoError(t, err)
	for _, w := range ways() {
		for _, b := range sides() {
			t.Run(w.name+" "+b.name, func(t *testing.T) {
				send, receive := b.match(w.name)
				o, err := p.play(s, match{send, receive, 700, 16, 10 * time.Millisecond, b.segments})
				require.NoError(t, err)
				assert.Positive(t, o.received.Datagrams)
				assert.GreaterOrEqual(t, o.received.Datagrams, o.received.Counted)
				assert.Zero(t, o.sent.Datagrams%16, "batches are whole")
				assert.Zero(t, o.received.Cut)
				if w.name == "udpbatch" {
					assert.Less(t, o.sent.Allocs, 500+o.sent.Datagrams/100, "beside what the process needs, sending allocates nothing")
					assert.Less(t, o.received.Allocs, 500+o.received.Datagrams/100, "nor does receiving")
				}
				lost := o.sent.Datagrams - o.received.Datagrams
				assert.GreaterOrEqual(t, lost, int64(0), "nothing comes twice")
				if o.socketDrops == 0 && o.backlogDrops == 0 {
					assert.Zero(t, lost)
				}
				assert.Positive(t, o.sent.Nanoseconds)
				o.received.Counted = o.received.Datagrams // none yet if the machine is busy
				assert.Positive(t, b.rate(o))
			})
		}
	}
}

// TestEachPath plays what uses offload over each path.
func TestEachPath(t *testing.T) {
	labtest.Need(t, "root", "ip")
	p := build(t)
	for _, at := range paths() {
		t.Run(at.name, func(t *testing.T) {
			s, err := at.open()
			require.NoError(t, err)
			defer s.close()
			o, err := p.play(s, match{yardstick, yardstick, 200, 64, 30 * time.Millisecond, 128})
			require.NoError(t, err)
			assert.Positive(t, o.received.Datagrams)
			assert.Zero(t, o.received.Cut)
		})
	}
}

func TestTable(t *testing.T) {
	labtest.Need(t, "gcc")
	var text string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		var out bytes.Buffer
		require.NoError(t, run(nil, &out, []string{"-rounds=1", "-seconds=0.1", "-case=end to end, 200 B, loopback"}))
		if text = out.String(); !strings.Contains(text, "NaN") {
			break // on a busy machine the C program may get no turn in a tenth of a second
		}
	}
	assert.Contains(t, text, ". 1 rounds of 100ms, 128 datagrams a call.\n")
	assert.Equal(t, 1, strings.Count(text, "datagrams/s"), "one case matches")
	for _, w := range ways() {
		assert.Regexp(t, `(?m)^\| `+regexp.QuoteMeta(w.name)+` \| \d+ k \| \d+\.\d\d \|`, text)
	}
	assert.NotContains(t, text, "another length")
}

func TestBadArguments(t *testing.T) {
	for name, args := range map[string][]string{
		"-rounds=0":    {"-rounds=0"},
		"missing clos": {"-case=("},
		"not defined":  {"-what"},
		"-seconds=-1":  {"-seconds=-1"},
	} {
		assert.ErrorContains(t, run(nil, &bytes.Buffer{}, args), name)
	}
	for name, args := range map[string][]string{
		"too few":      {"send"},
		"invalid synt": {"send", "127.0.0.1:1", "x", "1", "1"},
		"want send or": {"neither", "127.0.0.1:1", "1", "1"},
		"at most 2048": {"receive", "127.0.0.1:0", "4000", "1"},
	} {
		assert.ErrorContains(t, agent(nil, &bytes.Buffer{}, plain, args), name)
	}
	assert.ErrorContains(t, agent(nil, &bytes.Buffer{}, yardstick, []string{"send", "a", "1", "1"}), "no way")
}

// TestAgentFails shows that the cause in the agent is told.
func TestAgentFails(t *testing.T) {
	p := build(t)
	a, err := p.start(nil, job{role: receiving, way: plain, address: "127.0.0.1:99999", size: 1, batch: 1})
	require.NoError(t, err)
	err = a.Line(&ready{})
	require.ErrorContains(t, err, "invalid port")
	require.ErrorContains(t, err, "exit status 1")
}

// TestSocketState fills a socket that nobody reads.
func TestSocketState(t *testing.T) {
	l, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, l.(*net.UDPConn).SetReadBuffer(1))
	c, err := net.Dial("udp4", l.LocalAddr().String())
	require.NoError(t, err)
	defer c.Close()
	for range 100 {
		_, err := c.Write(make([]byte, 1000))
		require.NoError(t, err)
	}
	port := l.LocalAddr().(*net.UDPAddr).Port
	state, err := stateOf(os.Getpid(), port)
	require.NoError(t, err)
	assert.Greater(t, state.drops, int64(50))
	assert.Greater(t, state.waiting, int64(1000), "the first one is there")
	require.NoError(t, l.Close())
	_, err = stateOf(os.Getpid(), port)
	require.ErrorContains(t, err, fmt.Sprint(port))
}

func TestLossIsSplit(t *testing.T) {
	o := outcome{socketDrops: 3, backlogDrops: 1}
	o.sent.Datagrams, o.received.Datagrams = 1000, 900
	for _, c := range []struct {
		name            string
		t               trains
		buffer, backlog float64
		elsewhere       float64
	}{
		{"one by one", trains{1, 1}, 0.003, 0.001, 0.096},
		{"trains", trains{20, 20}, 0.06, 0.02, 0.02},
		{"no more than was lost", trains{64, 64}, 0.1, 0, 0},
	} {
		var s sample
		s.add(1, o, c.t)
		r := s.result("x", s.rates, s.rates)
		assert.InDelta(t, c.buffer, r.buffer, 1e-9, c.name)
		assert.InDelta(t, c.backlog, r.backlog, 1e-9, c.name)
		assert.InDelta(t, c.elsewhere, r.elsewhere, 1e-9, c.name)
	}
}

func build(t *testing.T) programs {
	t.Helper()
	labtest.Need(t, "gcc")
	native, err := buildNative(t.TempDir())
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	return programs{self: self, native: native}
}
