package main

import (
	"bytes"
	"encoding/json"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// heard is a conn on which a node has said all that it will.
type heard struct {
	net.Conn
	*bytes.Reader
}

func (h heard) Read(p []byte) (int, error) { return h.Reader.Read(p) }

// A message reads the same when it was sent on. Whatever it says, a log that takes its
// entries keeps all that came before them, and has them behind it.
func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{"kind":"append","from":"a","term":2,"index":1,"logTerm":1,"entries":[{"term":2,"id":"x","command":"y"}],"commit":1}` + "\n"))
	f.Add([]byte(`{"kind":"append","index":18446744073709551615,"entries":[{"term":1},{"term":1}]}`))
	f.Add([]byte(`{"kind":"done","ok":true,"leader":"b"}`))
	f.Add([]byte("null\n{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m, again Message
		if readMessage(heard{Reader: bytes.NewReader(b)}, &m) != nil {
			return
		}
		text, err := json.Marshal(m)
		require.NoError(t, err)
		if len(text) < maxLine {
			require.NoError(t, readMessage(heard{Reader: bytes.NewReader(text)}, &again))
			if len(m.Entries) == 0 {
				m.Entries, again.Entries = nil, nil // [] is left out
			}
			assert.Equal(t, m, again)
		}
		log := entries(1, 1, 2)
		if !log.merge(m.Index, m.LogTerm, m.Entries) {
			assert.Equal(t, entries(1, 1, 2), log)
			return
		}
		require.LessOrEqual(t, m.Index, uint64(3))
		require.GreaterOrEqual(t, len(log), int(m.Index)+len(m.Entries))
		assert.Equal(t, entries(1, 1, 2)[:m.Index], log[:m.Index])
		for i, e := range m.Entries {
			assert.Equal(t, e.Term, log[int(m.Index)+i].Term)
		}
	})
}
