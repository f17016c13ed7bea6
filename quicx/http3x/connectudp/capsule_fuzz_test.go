package connectudp_test

import (
	"bytes"
	"testing"

	"github.com/quic-go/quic-go/quicvarint"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x/connectudp"
)

// whole are the payloads of the capsules that are in a stream in full, up to the first
// capsule that no UDP datagram fits, or that is cut.
func whole(b []byte) (payloads [][]byte) {
	const limit = 65527
	for {
		kind, n, err := quicvarint.Parse(b)
		if err != nil {
			return payloads
		}
		b = b[n:]
		size, n, err := quicvarint.Parse(b)
		if b = b[max(n, 0):]; err != nil || size > uint64(len(b)) {
			return payloads
		}
		body := b[:size]
		b = b[size:]
		if kind != 0 {
			continue
		}
		id, n, err := quicvarint.Parse(body)
		if err != nil || id != 0 {
			if size > limit+8 {
				return payloads
			}
			continue
		}
		if len(body)-n > limit {
			return payloads
		}
		payloads = append(payloads, bytes.Clone(body[n:]))
	}
}

// A plain reader of RFC 9297 finds the same payloads; the stream always ends with an error.
func FuzzCapsules(f *testing.F) {
	f.Add([]byte("\x00\x02\x00x"))
	f.Add([]byte("\x00\x02\x00x\x17\x03abc\x00\x01\x00\x00\x03\x40\x00y"))
	f.Add([]byte("\x00\x80\xff\xff\xff\x00"))
	f.Add([]byte("\xc0\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Add(append([]byte("\x00\x80\x00\xff\xf8"), make([]byte, 65528)...))
	f.Fuzz(func(t *testing.T, stream []byte) {
		var got [][]byte
		err := connectudp.Receive(bytes.NewReader(stream), func(p []byte) error {
			got = append(got, bytes.Clone(p))
			return nil
		})
		require.Error(t, err)
		want := whole(stream)
		require.Len(t, got, len(want))
		for i := range want {
			require.True(t, bytes.Equal(want[i], got[i]), "payload %d", i)
		}
	})
}
