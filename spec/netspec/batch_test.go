package netspec_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/listener/udpbatch"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/spectest"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

func TestEveryField_UDPBatch(t *testing.T) {
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.UDPBatchConfig{} },
		Map: func(m proto.Message) (any, error) {
			return netspec.UDPBatchConfig(t.Context(), m.(*specv1.UDPBatchConfig))
		},
		Samples: options(map[string]any{"address": "127.0.0.1:1"}),
		Foreign: foreign[1:],
	})
}

// batched opens the conn of a message, which it must not change nor keep.
func batched(t *testing.T, m *specv1.UDPBatchConfig) *udpbatch.Conn {
	t.Helper()
	before := proto.CloneOf(m)
	c, err := netspec.NewUDPBatchFromSpec(m)
	require.NoError(t, err)
	require.True(t, proto.Equal(before, m), "the message was changed")
	proto.Reset(m)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	return c
}

func TestNewUDPBatchFromSpec(t *testing.T) {
	spectest.NoLeak(t)
	m := &specv1.UDPBatchConfig{
		Address: new("udp4://127.0.0.1:0"), Batch: new(int32(4)), MaxDatagramBytes: new(int64(100)),
		Gro: specv1.UDPBatchConfig_off.Enum(), Gso: specv1.UDPBatchConfig_off.Enum(),
	}
	linux := runtime.GOOS == "linux"
	if linux {
		m.Options = values(t, map[string]any{"SO_RCVBUF": 65536})
		m.Ecn = new(true)
	}
	server := batched(t, m)
	able := server.Capabilities()
	assert.False(t, able.GSO || able.GRO)
	assert.Equal(t, linux, able.ECN)
	if linux {
		assert.Equal(t, 4, able.Batch)
		require.NoError(t, sockopt.Options{sockopt.RcvBuf.Value(65536)}.Verify(server))
	}

	cfg, err := netspec.UDPBatchConfig(t.Context(), &specv1.UDPBatchConfig{MaxDatagramBytes: new(int64(1000))})
	require.NoError(t, err)
	client, err := udpbatch.Dial(t.Context(), server.LocalAddr().String(), cfg)
	require.NoError(t, err)
	defer client.Close()
	sent, err := client.WriteBatch([]udpbatch.Message{{Data: []byte("one")}, {Data: make([]byte, 101)}})
	require.NoError(t, err)
	require.Equal(t, 2, sent)
	var got []udpbatch.Message
	for len(got) < sent {
		ms := make([]udpbatch.Message, 2)
		n, err := server.ReadBatch(ms)
		require.NoError(t, err)
		for _, m := range ms[:n] {
			got = append(got, udpbatch.Message{Data: append([]byte(nil), m.Data...), Truncated: m.Truncated})
		}
	}
	assert.Equal(t, "one", string(got[0].Data))
	assert.False(t, got[0].Truncated)
	assert.True(t, got[1].Truncated, "max_datagram_bytes")
}

func TestUDPBatchConfig_Broken(t *testing.T) {
	spectest.NoLeak(t)
	m := &specv1.UDPBatchConfig{
		Address: new("127.0.0.1:70000"), Batch: new(int32(-1)), MaxDatagramBytes: new(int64(1 << 16)),
		MaxMemoryBytes: new(int64(1 << 40)), Gso: specv1.UDPBatchConfig_Feature(-3).Enum(),
		Options: map[string]*structpb.Value{"TCP_NODELAY": structpb.NewBoolValue(true)},
	}
	const want = `gso: -3: is none of auto, off, require
address: "127.0.0.1:70000": port "70000" is not a number from 0 to 65535
batch: -1: must be from 1 to 1024, or 0 for 128
max_datagram_bytes: 65536: must be from 1 to 65535, or 0 for 65535
max_memory_bytes: 1099511627776: must be from 1 to 1073741824, or 0 for 8585216`
	_, err := netspec.UDPBatchConfig(t.Context(), m)
	var others []string
	for _, e := range spec.Errors(err) {
		if e.Path == "options.TCP_NODELAY" {
			var own *sockopt.Error
			require.ErrorAs(t, e, &own)
			continue
		}
		others = append(others, e.Error())
	}
	assert.Len(t, spec.Errors(err), 6)
	assert.Equal(t, want, strings.Join(others, "\n"))
	var own *udpbatch.Error
	require.ErrorAs(t, err, &own)
	c, err := netspec.NewUDPBatchFromSpec(m)
	require.Error(t, err)
	assert.Nil(t, c)

	none, err := netspec.UDPBatchConfig(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, &udpbatch.Config{}, none)
	_, err = netspec.NewUDPBatchFromSpec(nil)
	require.EqualError(t, err, "there is no message: a conn that listens needs an address")
	_, err = netspec.NewUDPBatchFromSpec(&specv1.UDPBatchConfig{Batch: new(int32(2000))})
	require.EqualError(t, err, "address: must be set\nbatch: 2000: must be from 1 to 1024, or 0 for 128")
}

// What a field is for may not be an option.
func TestUDPBatchConfig_Offload(t *testing.T) {
	if !sockopt.UDPSegment.Info().Supported {
		t.Skip("there is no UDP_SEGMENT")
	}
	_, err := netspec.UDPBatchConfig(t.Context(), &specv1.UDPBatchConfig{
		Options: values(t, map[string]any{"UDP_SEGMENT": 100}),
		Socket:  &specv1.SockOption{Udp: &specv1.SockUDPOption{Gro: new(true)}},
	})
	require.EqualError(t, err, "options.UDP_SEGMENT: 100: use gso\nsocket.udp.gro: true: use gro")
}

// What is in use already is an error of the module, and closes what was opened.
func TestNewUDPBatchFromSpec_InUse(t *testing.T) {
	spectest.NoLeak(t)
	first := batched(t, &specv1.UDPBatchConfig{Address: new("127.0.0.1:0")})
	_, err := netspec.NewUDPBatchFromSpec(&specv1.UDPBatchConfig{Address: new(first.LocalAddr().String())})
	var own *udpbatch.Error
	require.ErrorAs(t, err, &own)
	assert.Equal(t, "listen", own.Op)
}
