package dtlsx_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// hello is a ClientHello with one random byte and a cookie, as OpenSSL sends it.
func hello(message uint16, number uint64, random byte, cookie []byte) []byte {
	return pieces(helloBody(random, cookie), message, number, 1<<14)[0]
}

func helloBody(random byte, cookie []byte) []byte {
	b := []byte{0xfe, 0xfd}
	b = append(b, bytes.Repeat([]byte{random}, 32)...)
	b = append(b, 0, byte(len(cookie)))
	b = append(b, cookie...)
	b = append(b, 0, 6, 0xc0, 0x2b, 0, 0xa8, 0, 0xff, 1, 0) // cipher suites, compression
	b = append(b, 0, 30, 0, 10, 0, 4, 0, 2, 0, 0x1d)        // extensions: groups,
	b = append(b, 0, 11, 0, 2, 1, 0)                        // point formats,
	b = append(b, 0, 13, 0, 4, 0, 2, 4, 3)                  // signatures,
	return append(b, 0, 23, 0, 0, 0, 35, 0, 0)              // extended master secret, tickets
}

// pieces cuts a ClientHello into datagrams of one fragment each.
func pieces(body []byte, message uint16, number uint64, size int) [][]byte {
	var all [][]byte
	for offset := 0; offset < len(body); number++ {
		part := body[offset:min(offset+size, len(body))]
		m := []byte{1}
		m = append(m, binary.BigEndian.AppendUint32(nil, uint32(len(body)))[1:]...)
		m = binary.BigEndian.AppendUint16(m, message)
		m = append(m, binary.BigEndian.AppendUint32(nil, uint32(offset))[1:]...)
		m = append(m, binary.BigEndian.AppendUint32(nil, uint32(len(part)))[1:]...)
		m = append(m, part...)
		all = append(all, wrap(22, 0, number, m))
		offset += len(part)
	}
	return all
}

// wrap makes a record.
func wrap(kind byte, epoch uint16, number uint64, body []byte) []byte {
	b := []byte{kind, 0xfe, 0xfd}
	b = binary.BigEndian.AppendUint64(b, uint64(epoch)<<48|number)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	return append(b, body...)
}

// cookieOf takes the cookie out of a HelloVerifyRequest.
func cookieOf(t testing.TB, b []byte) []byte {
	t.Helper()
	require.Len(t, b, 13+12+3+20)
	require.EqualValues(t, 22, b[0])
	require.EqualValues(t, 3, b[13])
	require.EqualValues(t, 20, b[27])
	return b[28:]
}

func TestParseHello(t *testing.T) {
	cookie := bytes.Repeat([]byte{9}, 20)
	got, whole := dtlsx.HelloCookie(hello(1, 1, 7, cookie))
	assert.True(t, whole)
	assert.Equal(t, [][]byte{cookie}, got)
	good := hello(0, 0, 7, nil)
	got, whole = dtlsx.HelloCookie(good)
	assert.True(t, whole)
	assert.Len(t, got, 1)
	assert.Empty(t, got[0])
	for n := range good {
		_, whole = dtlsx.HelloCookie(good[:n])
		assert.False(t, whole, "%d bytes", n)
	}
}

func FuzzHello(f *testing.F) {
	f.Add(hello(0, 0, 1, nil))
	f.Add(hello(1, 1, 1, bytes.Repeat([]byte{9}, 20)))
	for _, b := range pieces(helloBody(1, make([]byte, 20)), 1, 1, 64) {
		f.Add(b)
	}
	f.Add(bytes.Join(pieces(helloBody(1, nil), 0, 0, 50), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		was := bytes.Clone(b)
		cookies, whole := dtlsx.HelloCookie(b)
		require.Equal(t, was, b)
		if whole {
			require.NotEmpty(t, cookies)
		}
	})
}
