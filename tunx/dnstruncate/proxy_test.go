package dnstruncate_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/dnstruncate"
)

// receiver keeps what it got.
type receiver struct {
	got    [][]byte
	from   net.Addr
	closed int
	err    error
}

func (r *receiver) WriteFrom(p []byte, from net.Addr) (int, error) {
	r.got, r.from = append(r.got, append([]byte(nil), p...)), from
	return len(p), r.err
}

func (r *receiver) Close() error {
	r.closed++
	return nil
}

func TestProxy(t *testing.T) {
	proxy, err := dnstruncate.NewPacketProxy()
	require.NoError(t, err)
	_, err = proxy.NewSession(nil)
	require.Error(t, err)
	r := &receiver{}
	s, err := proxy.NewSession(r)
	require.NoError(t, err)
	server := netip.MustParseAddrPort("192.0.2.1:53")
	query := pack(t, dnsmessage.Message{Header: dnsmessage.Header{ID: 7}, Questions: []dnsmessage.Question{question("a.", 1, 1)}})
	for range 2 {
		n, err := s.WriteTo(query, server)
		require.NoError(t, err)
		assert.Equal(t, len(query), n)
	}
	require.Len(t, r.got, 2)
	var m dnsmessage.Message
	require.NoError(t, m.Unpack(r.got[1]))
	assert.True(t, m.Truncated)
	assert.EqualValues(t, 7, m.ID)
	assert.Equal(t, server.String(), r.from.String())

	n, err := s.WriteTo(query, netip.MustParseAddrPort("192.0.2.1:443"))
	assert.Zero(t, n)
	require.ErrorIs(t, err, tunx.ErrPortUnreachable)
	_, err = s.WriteTo(nil, server)
	require.Error(t, err)
	r.err = net.ErrClosed
	_, err = s.WriteTo(query, server)
	require.ErrorIs(t, err, net.ErrClosed)

	assert.Zero(t, r.closed)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	assert.Equal(t, 1, r.closed)
	_, err = s.WriteTo(query, server)
	assert.ErrorIs(t, err, tunx.ErrClosed)
}

// A flood of queries costs no memory each but the address of the answer.
func TestProxyAllocations(t *testing.T) {
	proxy, err := dnstruncate.NewPacketProxy()
	require.NoError(t, err)
	s, err := proxy.NewSession(quiet{})
	require.NoError(t, err)
	query := pack(t, dnsmessage.Message{Questions: []dnsmessage.Question{question("a.", 1, 1)}})
	server := netip.MustParseAddrPort("192.0.2.1:53")
	allocations := testing.AllocsPerRun(1000, func() { s.WriteTo(query, server) })
	assert.LessOrEqual(t, allocations, 4.0)
}

type quiet struct{}

func (quiet) WriteFrom(p []byte, _ net.Addr) (int, error) { return len(p), nil }
func (quiet) Close() error                                { return nil }
