package lonet_test

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/lonet"
)

// FuzzFileName: two names never share a file, and no name is more than one.
func FuzzFileName(f *testing.F) {
	for _, s := range []string{"", "a", "A", "../x", "a/b", ".", "\x00", "%41", "~", strings.Repeat("é", 100), strings.Repeat("a", 121)} {
		f.Add(s, s+"x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := lonet.FileName("p-", a), lonet.FileName("p-", b)
		if (a == b) != strings.EqualFold(x, y) {
			t.Fatalf("%q and %q: %q and %q", a, b, x, y)
		}
		if len(x) > 130 || !strings.HasPrefix(x, "p-") || strings.Trim(x[2:], "abcdefghijklmnopqrstuvwxyz0123456789-_%~") != "" {
			t.Fatalf("%q: %q", a, x)
		}
	})
}

// FuzzRequest: what is read is written as it was read.
func FuzzRequest(f *testing.F) {
	f.Add("> lonet \"lonetNAME\" dial \"α:1\" \"β:5\"\n")
	f.Add("> lonet \"lonet\\x00\" dial \"\" \"`\"\n")
	f.Add("> lonet `x` dial \"a\" \"b\"\n")
	f.Fuzz(func(t *testing.T, line string) {
		r, err := lonet.ParseRequest(line)
		if err != nil {
			assert.Zero(t, r)
			return
		}
		again, err := lonet.ParseRequest(string(r.Line()))
		require.NoError(t, err)
		assert.Equal(t, r, again)
	})
}

func FuzzReply(f *testing.F) {
	f.Add("< lonet \"lonetNAME\" connected \"β:77\"\n")
	f.Add("< lonet \"lonetNAME\" E \"connection refused\"\n")
	f.Fuzz(func(t *testing.T, line string) {
		r, err := lonet.ParseReply(line)
		if err != nil {
			assert.Zero(t, r)
			return
		}
		again, err := lonet.ParseReply(string(r.Line()))
		require.NoError(t, err)
		assert.Equal(t, r, again)
	})
}

func FuzzRecord(f *testing.F) {
	f.Add("\"α\" \"127.0.0.1:5\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := lonet.ParseRecord(text)
		if err != nil {
			assert.Zero(t, r)
			return
		}
		again, err := lonet.ParseRecord(r.String())
		require.NoError(t, err)
		assert.Equal(t, r, again)
	})
}

// FuzzReadLine: a line and what follows come out as they went in, in whatever
// pieces.
func FuzzReadLine(f *testing.F) {
	f.Add([]byte("a line\nand more"), true)
	f.Add([]byte("no line"), false)
	f.Add(bytes.Repeat([]byte("x"), 1024), false)
	f.Fuzz(func(t *testing.T, in []byte, slowly bool) {
		var r io.Reader = bytes.NewReader(in)
		if slowly {
			r = iotest.OneByteReader(r)
		}
		var buf [1024]byte
		line, rest, err := lonet.ReadLine(r, &buf)
		end := bytes.IndexByte(in[:min(len(in), len(buf))], '\n')
		if end < 0 {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		unread, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.Equal(t, string(in[:end+1]), string(line))
		assert.Equal(t, string(in[end+1:]), string(rest)+string(unread))
	})
}

func TestRefusalFits(t *testing.T) {
	name := strings.Repeat("n", lonet.MaxName-2)
	for _, text := range []string{"short", strings.Repeat("x", 5000), strings.Repeat("\x00", 5000), strings.Repeat("α", 5000)} {
		line := lonet.Refusal(name, io.EOF).Line()
		assert.Less(t, len(line), 1024)
		line = lonet.Refusal(name, errText(text)).Line()
		assert.Less(t, len(line), 1024)
		r, err := lonet.ParseReply(string(line))
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(strconv.Quote(text), strings.TrimSuffix(strconv.Quote(r.Err().Error()), `"`)))
	}
}

type errText string

func (e errText) Error() string { return string(e) }
