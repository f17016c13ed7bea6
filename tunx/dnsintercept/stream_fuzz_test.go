package dnsintercept_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx/dnsintercept"
)

// said is a conn on which a server has said all that it will.
type said struct {
	net.Conn

	bytes.Reader
}

func (s *said) Read(p []byte) (int, error) { return s.Reader.Read(p) }
func (*said) Write(p []byte) (int, error)  { return len(p), nil }
func (*said) SetDeadline(time.Time) error  { return nil }
func (*said) Close() error                 { return nil }

// The answer is the first message of the stream that is whole and has the query's ID.
func FuzzStream(f *testing.F) {
	f.Add([]byte("\x00\x04\x12\x34ab"), uint16(0x1234))
	f.Add([]byte("\x00\x03\x00\x00x\x00\x00\x00\x02\x12\x34"), uint16(0x1234))
	f.Add([]byte("\xff\xff\x12\x34"), uint16(0x1234))
	f.Fuzz(func(t *testing.T, stream []byte, id uint16) {
		query := binary.BigEndian.AppendUint16(nil, id)
		var want []byte
		for rest := stream; want == nil && len(rest) >= 2; {
			n := int(binary.BigEndian.Uint16(rest))
			if rest = rest[2:]; n > len(rest) {
				break
			}
			if bytes.HasPrefix(rest[:n], query) {
				want = rest[:n]
			}
			rest = rest[n:]
		}
		ask := dnsintercept.OverStream(func(context.Context, netip.AddrPort) (net.Conn, error) {
			return &said{Reader: *bytes.NewReader(stream)}, nil
		})
		answer, err := ask(t.Context(), query, netip.AddrPort{})
		require.Equal(t, want == nil, err != nil, "%v", err)
		require.Equal(t, want, answer)
	})
}
