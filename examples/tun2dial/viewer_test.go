package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Events are lines of text or of JSON, and all are there after Close.
func TestViewerEvents(t *testing.T) {
	noLeak(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	closed := event{Time: at, Event: "close", Network: "tcp", Client: "a:1", Target: "b:2", Sent: 3, Received: 4, Seconds: 1.5, Cause: "reset"}
	for _, test := range []struct {
		name string
		json bool
		want string
	}{
		{"text", false, "03:04:05.000 close  tcp  a:1 -> b:2 sent 3, received 4 bytes in 1.500 s: reset\n"},
		{"JSON", true, `{"time":"2026-01-02T03:04:05Z","event":"close","network":"tcp","client":"a:1","target":"b:2","sent":3,"received":4,"seconds":1.5,"cause":"reset"}` + "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, diag bytes.Buffer
			v := newViewer(&flags{show: flowsAuto, json: test.json}, &out, &diag)
			v.see(closed)
			v.Close()
			assert.Equal(t, test.want, out.String())
			assert.Empty(t, diag.String())
		})
	}
}

// The program that runs has its output for itself.
func TestViewerLeavesOutput(t *testing.T) {
	noLeak(t)
	var out, diag bytes.Buffer
	v := newViewer(&flags{show: flowsEvents, program: []string{"true"}}, &out, &diag)
	v.see(event{Event: "open"})
	v.Close()
	assert.Empty(t, out.String())
	assert.Contains(t, diag.String(), "open")
}

// stuck is a writer that waits.
type stuck struct {
	lines

	begun, free chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	select {
	case s.begun <- struct{}{}:
	default:
	}
	<-s.free
	return s.lines.Write(p)
}

// A terminal that does not read holds up no flow: what it misses is counted.
func TestViewerIsBounded(t *testing.T) {
	noLeak(t)
	out := &stuck{begun: make(chan struct{}, 1), free: make(chan struct{})}
	v := newViewer(&flags{show: flowsEvents, json: true}, out, nil)
	v.see(event{Event: "open"})
	<-out.begun
	for range waiting + 7 {
		v.see(event{Event: "open"})
	}
	close(out.free)
	v.Close()
	all := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, all, 1+waiting+1)
	var last event
	require.NoError(t, json.Unmarshal([]byte(all[len(all)-1]), &last))
	assert.Equal(t, "lost", last.Event)
	assert.Equal(t, "7 events came faster than they could be written", last.Cause)
}

type listed []event

func (l listed) list() []event { return append([]event(nil), l...) }

// The table has the busiest flows, and how many there are in all.
func TestViewerTable(t *testing.T) {
	noLeak(t)
	var flows listed
	for i := range 100 {
		flows = append(flows, event{Event: "open", Network: "tcp", Client: "10.0.0.1:1", Target: fmt.Sprintf("t%d:80", i), Sent: uint64(i), Seconds: 2})
	}
	var out lines
	v := newViewer(&flags{show: flowsTable}, &out, nil)
	v.attach(flows)
	v.see(event{Event: "open", Network: "tcp"})
	v.see(event{Event: "refuse", Network: "tcp"})
	table := string(v.table())
	v.Close()
	assert.True(t, strings.HasPrefix(table, home+"100 flows; since the start: 1 TCP flows opened, 1 refused, 0 UDP sessions\n"))
	assert.Regexp(t, `(?m)^open\s+tcp\s+10\.0\.0\.1:1\s+t99:80\s+99\s+0\s+2\.0$`, table)
	assert.Contains(t, table, "t70:80")
	assert.NotContains(t, table, "t69:80")
	assert.True(t, strings.HasPrefix(out.String(), home), "it was shown at once")
}

// none shows nothing, and keeps nothing.
func TestViewerNone(t *testing.T) {
	noLeak(t)
	var out bytes.Buffer
	v := newViewer(&flags{show: flowsNone}, &out, nil)
	for range 2 * waiting {
		v.see(event{Event: "open"})
	}
	v.Close()
	assert.Empty(t, out.String())
	assert.Empty(t, v.events)
}
