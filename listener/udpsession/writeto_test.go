package udpsession_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/listener/udpsession"
)

// collector keeps each Write apart, and fails at one of them.
type collector struct {
	writes chan string
	fail   string
}

var errFull = errors.New("full")

func (c collector) Write(b []byte) (int, error) {
	if c.fail != "" && string(b) == c.fail {
		return 0, errFull
	}
	c.writes <- string(b)
	return len(b), nil
}

func TestWriteToKeepsDatagramsApart(t *testing.T) {
	noLeak(t)
	l := open(t, udpsession.Config{})
	client, session := pair(t, l)
	w := collector{writes: make(chan string, 9)}
	type result struct {
		n   int64
		err error
	}
	ended := make(chan result, 1)
	go func() {
		n, err := io.Copy(w, session) // takes WriteTo
		ended <- result{n, err}
	}()
	sent := []string{"a", "", strings.Repeat("b", 65507), "c"}
	for _, text := range sent {
		send(t, client, text)
		select {
		case got := <-w.writes:
			assert.Equal(t, text, got)
		case r := <-ended:
			t.Fatal("it ended: ", r.err)
		}
	}
	assert.Zero(t, l.Stats().Cut)
	assert.Zero(t, l.Stats().QueuedBytes)
	assert.NoError(t, session.Close())
	r := <-ended
	assert.ErrorIs(t, r.err, net.ErrClosed)
	assert.EqualValues(t, len(strings.Join(sent, "")), r.n)
}

func TestWriteToEndsWhenTheWriterFails(t *testing.T) {
	l := open(t, udpsession.Config{})
	client, session := pair(t, l)
	send(t, client, "bad")
	n, err := session.WriteTo(collector{fail: "bad"})
	assert.Zero(t, n)
	assert.ErrorIs(t, err, errFull)
	send(t, client, "the session goes on")
	assert.Equal(t, "the session goes on", receive(t, session))
}
