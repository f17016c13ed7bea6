package simnet_test

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// Whatever an event is, it is written as something that readers understand, or it is
// an error.
func FuzzEvent(f *testing.F) {
	f.Add(uint8(4), uint8(5), uint8(6), []byte{10, 0, 0, 1}, "a", "b", "", int64(1), uint64(1), 5, []byte("hello"))
	f.Add(uint8(6), uint8(1), uint8(17), make([]byte, 16), "a", "", "", int64(1), uint64(1<<63), 0, []byte{})
	f.Add(uint8(3), uint8(7), uint8(17), []byte{1, 2, 3, 4}, "\n", "a#;b", "x", int64(-1), uint64(1), 70_000, []byte{})
	f.Fuzz(func(t *testing.T, kind, step, protocol uint8, address []byte, source, destination, text string, at int64, seq uint64, size int, data []byte) {
		a, _ := netip.AddrFromSlice(address)
		e := simnet.Event{
			Time: time.Duration(at), Kind: simnet.Kind(kind), Step: simnet.Step(step), Protocol: simnet.Protocol(protocol),
			Source: source, Destination: destination, From: netip.AddrPortFrom(a, 1), To: netip.AddrPortFrom(a, 2),
			Seq: seq, Ack: seq, Number: seq, Flow: seq, Size: size % (1 << 20), Text: text, Data: data,
		}
		events := slices.Values([]simnet.Event{e, e})

		var b bytes.Buffer
		if err := (simnet.Capture{}).WritePcapng(&b, events); err == nil {
			readPcapng(t, b.Bytes())
		}
		for _, write := range []func() error{
			func() error { return simnet.WriteText(&b, events) },
			func() error { return simnet.Diagram{}.WriteText(&b, events) },
		} {
			b.Reset()
			require.NoError(t, write())
			assert.False(t, strings.ContainsFunc(b.String(), func(r rune) bool { return r != '\n' && r < ' ' }), "%q", &b)
		}
		b.Reset()
		require.NoError(t, simnet.Diagram{}.WriteMermaid(&b, events))
		for line := range strings.Lines(b.String()) {
			assert.Regexp(t, `^(sequenceDiagram|    participant p\d as .*|    p\d(->>|-x)p\d: .*|    Note over p0(,p\d)?: .*)\n$`, line)
			assert.NotRegexp(t, `[;%<>{}|]|#[^0-9]`, plainLine(line))
		}
	})
}

// plainLine is a line of Mermaid without its syntax.
func plainLine(line string) string {
	line = strings.Replace(line, "->>", "", 1)
	for _, r := range "0123456789" {
		line = strings.ReplaceAll(line, string(r)+";", "")
	}
	return line
}
