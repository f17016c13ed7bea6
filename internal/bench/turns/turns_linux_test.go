package turns_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/bench/turns"
)

var errWay = errors.New("this way does not work")

// way notes its turns.
func way(name string, log *[]string, done float64) turns.Way {
	return turns.Way{Name: name, Open: func() (*turns.Lane, error) {
		return &turns.Lane{
			Turn: func(m *turns.Meter) error {
				m.Begin()
				time.Sleep(m.Rest())
				*log = append(*log, name)
				m.End(done)
				return nil
			},
			Close: func() { *log = append(*log, "close "+name) },
		}, nil
	}}
}

func TestTurnsAlternate(t *testing.T) {
	var log []string
	var out bytes.Buffer
	c := turns.Case{Name: "work", Unit: "piece", Ways: []turns.Way{way("a", &log, 100), way("b", &log, 1000), way("c", &log, 1)}}
	require.NoError(t, turns.Main(&out, "test", []string{"-rounds=2", "-turn=4ms", "-way=b"}, []turns.Case{c, {Name: "other"}}[:1]))
	assert.Equal(t, []string{"a", "b", "a", "b", "b", "a", "close a", "close b"}, log, "warmed up, and then by turns")
	assert.Regexp(t, `\n\| work \| piece/s \| ratio .*\n.*\n\| a \| \d+ \| 1.00 \| 1.00-1.00 \|.*\n\| b \| \d+ \| \d+\.\d\d \|`, out.String())
	assert.NotContains(t, out.String(), "| c |")
}

func TestOnlySomeCases(t *testing.T) {
	var log []string
	var out bytes.Buffer
	profile := filepath.Join(t.TempDir(), "profile")
	list := []turns.Case{{Name: "one", Ways: []turns.Way{way("a", &log, 1)}}, {Name: "two", Ways: []turns.Way{way("b", &log, 1)}}}
	require.NoError(t, turns.Main(&out, "test", []string{"-rounds=1", "-turn=1ms", "-case=two", "-cpuprofile=" + profile}, list))
	assert.NotContains(t, log, "a")
	assert.Contains(t, log, "b")
	info, err := os.Stat(profile)
	require.NoError(t, err)
	assert.Positive(t, info.Size())
}

// TestErrors tells which way failed, and closes what was opened.
func TestErrors(t *testing.T) {
	var log []string
	bad := turns.Way{Name: "bad", Open: func() (*turns.Lane, error) { return nil, errWay }}
	c := turns.Case{Name: "work", Ways: []turns.Way{way("a", &log, 1), bad}}
	err := turns.Main(&bytes.Buffer{}, "test", []string{"-turn=1ms"}, []turns.Case{c})
	require.ErrorIs(t, err, errWay)
	require.ErrorContains(t, err, "work: bad: ")
	assert.Contains(t, log, "close a")

	c.Ways = []turns.Way{way("idle", &log, 0)}
	require.ErrorContains(t, turns.Main(&bytes.Buffer{}, "test", []string{"-turn=1ms"}, []turns.Case{c}), "nothing was done")
	err = turns.Main(&bytes.Buffer{}, "test", []string{"-cpuprofile=" + t.TempDir()}, nil)
	require.ErrorContains(t, err, "is a directory")
}

// TestDatagrams counts what a pipe without room lets through.
func TestDatagrams(t *testing.T) {
	pipe := func() (*turns.Pipe, error) {
		queue, done := make(chan int, 4), make(chan struct{})
		return &turns.Pipe{
			Send: func() error {
				select {
				case queue <- 1:
				default: // lost
				}
				return nil
			},
			Receive: func() error {
				select {
				case <-queue:
					time.Sleep(100 * time.Microsecond) // slower than the sender
					return nil
				case <-done:
					return os.ErrClosed
				}
			},
			Close: func() { close(done) },
		}, nil
	}
	c := []turns.Case{
		{Name: "free", Unit: "datagram", Lossy: true, Ways: []turns.Way{{Name: "pipe", Open: turns.Datagrams(pipe, 0)}}},
		{Name: "few", Unit: "datagram", Lossy: true, Ways: []turns.Way{{Name: "pipe", Open: turns.Datagrams(pipe, 3)}}},
		{Name: "failing", Ways: []turns.Way{{Open: turns.Datagrams(func() (*turns.Pipe, error) { return nil, errWay }, 0)}}},
	}
	var out bytes.Buffer
	require.NoError(t, turns.Main(&out, "test", []string{"-rounds=1", "-turn=20ms"}, c[:2]))
	assert.Regexp(t, `(?s)\| free .* \d{2,3}\.\d % \|.*\| few .* \| 0\.0 % \|`, out.String())
	require.ErrorIs(t, turns.Main(&out, "test", nil, c[2:]), errWay)
}

// TestTable prints what a case measures by itself.
func TestTable(t *testing.T) {
	var out bytes.Buffer
	c := turns.Case{Name: "memory", Table: func(out io.Writer, name string, match *regexp.Regexp) error {
		fmt.Fprintln(out, name, match)
		return nil
	}}
	require.NoError(t, turns.Main(&out, "test", []string{"-turn=1ms", "-way=b"}, []turns.Case{c}))
	assert.Contains(t, out.String(), "\nmemory b\n")

	c.Table = func(io.Writer, string, *regexp.Regexp) error { return errWay }
	err := turns.Main(&out, "test", []string{"-turn=1ms"}, []turns.Case{c})
	require.ErrorIs(t, err, errWay)
	require.ErrorContains(t, err, "memory: ")
}
