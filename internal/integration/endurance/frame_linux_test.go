package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFrame(t *testing.T) {
	for number := range uint64(300) {
		f := newFrame(3, number, false)
		got, carried, err := readAsk(bytes.NewReader(f.ask()))
		require.NoError(t, err)
		assert.Equal(t, f, got)
		answer := got.reply(carried)
		require.NoError(t, f.check(answer))
		assert.Equal(t, number, numberOf(answer))
		other := newFrame(3, number+1, false)
		require.ErrorIs(t, other.check(answer), errWrong, "the answer to another request")
		require.ErrorIs(t, f.check(answer[:len(answer)-1]), errWrong, "cut")
		answer[len(answer)-1]++
		require.ErrorIs(t, f.check(answer), errWrong, "changed")
		if len(carried) > 0 {
			carried[0]++
			require.ErrorIs(t, f.check(got.reply(carried)), errWrong, "changed on the way there")
		}
		small := newFrame(3, number, true)
		assert.Less(t, max(len(small.ask()), len(small.answer())), 1200, "it fits into a packet")
	}
}

func FuzzReadAsk(f *testing.F) {
	f.Add(newFrame(1, 15, false).ask())
	f.Add(newFrame(8, 1, true).ask())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, carried, err := readAsk(bytes.NewReader(b))
		if err == nil && (len(carried) != got.up || got.up > maxFiller || got.down > maxFiller) {
			t.Errorf("%+v carries %d bytes", got, len(carried))
		}
	})
}

// The audit finds what was acknowledged and has not arrived, and what came twice.
func TestAudit(t *testing.T) {
	dir := t.TempDir()
	l := &lane{id: 5}
	j, err := openJournal(dir, 5)
	require.NoError(t, err)
	defer j.close()
	for range 200 {
		n := l.next.Add(1) - 1
		if n != 77 && n != 78 {
			require.NoError(t, j.note(n))
		}
		if n != 78 {
			l.acknowledge(n, time.Duration(n))
		}
	}
	lost, repeated, err := l.audit(dir)
	require.NoError(t, err)
	assert.Equal(t, []uint64{77}, lost, "78 was never acknowledged")
	assert.Empty(t, repeated)
	assert.EqualValues(t, 199, l.acknowledged())
	assert.EqualValues(t, 199, l.slow.Load())

	require.NoError(t, j.note(99))
	_, repeated, err = l.audit(dir)
	require.NoError(t, err)
	assert.Equal(t, []uint64{99}, repeated)
	l.datagrams = true
	_, repeated, err = l.audit(dir)
	require.NoError(t, err)
	assert.Empty(t, repeated, "clients of datagrams ask again")

	for range 300 {
		require.NoError(t, j.note(3))
	}
	assert.Equal(t, 255, j.arrived(3))
	require.ErrorContains(t, j.note(journalSize), "has room for")
	_, _, err = (&lane{}).audit("/does/not/exist")
	require.Error(t, err)
}
