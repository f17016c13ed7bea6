package simnet_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// frame is a packet as a reader of pcapng sees it.
type frame struct {
	at       time.Time
	data     []byte
	length   int
	flags    uint32
	from, to netip.AddrPort
	proto    byte
	upper    []byte // header and payload of the upper protocol
}

// readPcapng is a reader that knows what the format says, not how it is written here.
func readPcapng(t *testing.T, file []byte) (name string, frames []frame) {
	t.Helper()
	for n := 0; len(file) > 0; n++ {
		require.GreaterOrEqual(t, len(file), 12)
		typ, length := binary.LittleEndian.Uint32(file), binary.LittleEndian.Uint32(file[4:])
		require.Zero(t, length%4)
		require.LessOrEqual(t, int(length), len(file))
		require.Equal(t, length, binary.LittleEndian.Uint32(file[length-4:]), "both lengths")
		body := file[8 : length-4]
		file = file[length:]
		switch {
		case n == 0:
			require.EqualValues(t, 0x0A0D0D0A, typ)
			require.EqualValues(t, 0x1A2B3C4D, binary.LittleEndian.Uint32(body))
			assert.Equal(t, "simnet", options(t, body[16:])[4])
		case n == 1:
			require.EqualValues(t, 1, typ)
			require.EqualValues(t, 101, binary.LittleEndian.Uint16(body), "LINKTYPE_RAW")
			o := options(t, body[8:])
			assert.Equal(t, "\x09", o[9], "nanoseconds")
			name = o[2]
		default:
			require.EqualValues(t, 6, typ)
			frames = append(frames, readFrame(t, body))
		}
	}
	return name, frames
}

func options(t *testing.T, b []byte) map[uint16]string {
	t.Helper()
	found := map[uint16]string{}
	for {
		code, length := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if code == 0 {
			require.Len(t, b, 4, "the end of the options is the end")
			return found
		}
		found[code] = string(b[4 : 4+length])
		b = b[4+(length+3)&^3:]
	}
}

func readFrame(t *testing.T, body []byte) frame {
	t.Helper()
	ns := uint64(binary.LittleEndian.Uint32(body[4:]))<<32 | uint64(binary.LittleEndian.Uint32(body[8:]))
	captured := int(binary.LittleEndian.Uint32(body[12:]))
	f := frame{at: time.Unix(0, int64(ns)).UTC(), length: int(binary.LittleEndian.Uint32(body[16:])), data: body[20 : 20+captured]}
	if flags := options(t, body[20+(captured+3)&^3:])[2]; flags != "" {
		f.flags = binary.LittleEndian.Uint32([]byte(flags))
	}
	var from, to netip.Addr
	var pseudo []byte
	if f.data[0]>>4 == 4 {
		require.EqualValues(t, f.length, binary.BigEndian.Uint16(f.data[2:]))
		require.Zero(t, sum(f.data[:20]), "checksum of IPv4")
		from, to = netip.AddrFrom4([4]byte(f.data[12:])), netip.AddrFrom4([4]byte(f.data[16:]))
		f.proto, f.upper = f.data[9], f.data[20:]
		pseudo = slices.Concat(f.data[12:20], []byte{0, f.proto}, binary.BigEndian.AppendUint16(nil, uint16(f.length-20)))
	} else {
		require.EqualValues(t, f.length-40, binary.BigEndian.Uint16(f.data[4:]))
		from, to = netip.AddrFrom16([16]byte(f.data[8:])), netip.AddrFrom16([16]byte(f.data[24:]))
		f.proto, f.upper = f.data[6], f.data[40:]
		pseudo = slices.Concat(f.data[8:40], []byte{0, f.proto}, binary.BigEndian.AppendUint16(nil, uint16(f.length-40)))
	}
	if f.proto == 1 {
		pseudo = nil
	}
	if captured == f.length {
		require.Zero(t, sum(append(pseudo, f.upper...)), "checksum of protocol %d", f.proto)
	}
	f.from, f.to = netip.AddrPortFrom(from, binary.BigEndian.Uint16(f.upper)), netip.AddrPortFrom(to, binary.BigEndian.Uint16(f.upper[2:]))
	return f
}

// sum is zero for what has a correct checksum.
func sum(b []byte) uint16 {
	var s uint32
	for i, x := range b {
		s += uint32(x) << (8 * (1 - i%2))
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

// segment describes a frame of TCP with sequence numbers that begin with 0.
func segment(t *testing.T, f frame, initial map[netip.AddrPort]uint32) string {
	t.Helper()
	seq, ack, flags := binary.BigEndian.Uint32(f.upper[4:]), binary.BigEndian.Uint32(f.upper[8:]), f.upper[13]
	if flags&2 != 0 {
		initial[f.from] = seq
	}
	var words []string
	for i, name := range []string{"FIN", "SYN", "RST", "PSH", "ACK"} {
		if flags&(1<<i) != 0 {
			words = append(words, name)
		}
	}
	if flags&16 != 0 {
		ack -= initial[f.to]
	}
	payload := f.upper[f.upper[12]>>4*4:]
	return f.from.String() + " " + strings.Join(words, ",") + " " + time.Duration(seq-initial[f.from]).String() + " " + time.Duration(ack).String() + " " + string(payload)
}

func capture(t *testing.T, c simnet.Capture, events []simnet.Event) (string, []frame) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, c.WritePcapng(&b, slices.Values(events)))
	return readPcapng(t, b.Bytes())
}

func segments(t *testing.T, frames []frame) []string {
	t.Helper()
	initial := map[netip.AddrPort]uint32{}
	var lines []string
	for _, f := range frames {
		lines = append(lines, strings.ReplaceAll(segment(t, f, initial), "ns ", " "))
	}
	return lines
}

func TestCapture(t *testing.T) {
	for _, a := range []string{"10.0.0.1", "fd00::1"} {
		client, server := netip.AddrPortFrom(netip.MustParseAddr(a), 49152).String(), netip.AddrPortFrom(netip.MustParseAddr(a).Next(), 80).String()
		events := exchange(client, server).events
		all := []string{
			client + " SYN 0s 0s ",
			server + " SYN,ACK 0s 1 ",
			client + " ACK 1 1 ",
			client + " PSH,ACK 1 1 " + request[:10], // lost
			client + " PSH,ACK 1 1 " + request[:10],
			server + " ACK 1 11 ",
			client + " PSH,ACK 11 1 " + request[10:],
			server + " ACK 1 33 ",
			server + " PSH,ACK 1 33 " + response,
			client + " ACK 33 44 ",
			client + " FIN,ACK 33 44 ",
			server + " ACK 44 34 ",
			server + " FIN,ACK 44 34 ",
			client + " ACK 34 45 ",
		}
		name, wire := capture(t, simnet.Capture{}, events)
		assert.Equal(t, "wire", name)
		assert.Equal(t, all, segments(t, wire))
		assert.Equal(t, time.Date(2000, 1, 1, 0, 0, 0, int(time.Millisecond), time.UTC), wire[0].at)
		assert.Zero(t, wire[0].flags)

		name, atB := capture(t, simnet.Capture{Host: "b", Start: time.Unix(1e9, 0)}, events)
		assert.Equal(t, "b", name)
		assert.Equal(t, time.Unix(1e9, int64(2*time.Millisecond)).UTC(), atB[0].at, "when it arrives")
		assert.EqualValues(t, 1, atB[0].flags, "inbound")
		assert.EqualValues(t, 2, atB[1].flags, "outbound")
		assert.Equal(t, slices.Delete(slices.Clone(all), 3, 4), segments(t, atB))

		_, atA := capture(t, simnet.Capture{Host: "a"}, events)
		assert.Equal(t, all, segments(t, atA))
		assert.Equal(t, wire[0].data, atA[0].data, "the same numbers in all captures")
		assert.Equal(t, wire[0].data, atB[0].data)
	}
}

func TestCaptureThroughNAT(t *testing.T) {
	s := newStory("192.168.0.2:1000", "10.0.0.2:80")
	s.quiet = true
	outside := netip.MustParseAddrPort("10.0.0.1:4000")
	through := func(reply bool, kind simnet.Kind, step simnet.Step, data string) {
		e := s.send(reply, kind, step, 0, data)
		if reply {
			e.To = outside
			s.events[len(s.events)-1] = e
			e.To = s.a
		} else {
			e.From = outside
		}
		s.end(e, 0)
	}
	through(false, simnet.KindDial, simnet.StepSYN, "")
	through(true, simnet.KindAccept, simnet.StepSYNACK, "")
	through(false, simnet.KindSend, simnet.StepData, "x")
	through(true, simnet.KindReset, simnet.StepRST, "")
	seen := func(host, client string) {
		_, frames := capture(t, simnet.Capture{Host: host}, s.events)
		for _, f := range frames {
			assert.Contains(t, []string{client, "10.0.0.2:80"}, f.from.String(), host)
			assert.NotEqual(t, f.from, f.to)
		}
	}
	seen("a", "192.168.0.2:1000")
	seen("b", "10.0.0.1:4000")
	seen("", "192.168.0.2:1000")
}

func TestCaptureOfOneHost(t *testing.T) {
	s := exchange("10.0.0.1:49152", "10.0.0.1:80")
	for i := range s.events {
		s.events[i].Source, s.events[i].Destination = "a", "a"
	}
	_, wire := capture(t, simnet.Capture{}, s.events)
	_, host := capture(t, simnet.Capture{Host: "a"}, s.events)
	assert.Equal(t, segments(t, wire), segments(t, host))
	assert.Len(t, wire, 14)
	_, other := capture(t, simnet.Capture{Host: "b"}, s.events)
	assert.Empty(t, other)
}

func TestCaptureOfPart(t *testing.T) {
	events := exchange("10.0.0.1:49152", "10.0.0.2:80").events
	_, frames := capture(t, simnet.Capture{}, cut(events, 4))
	assert.Len(t, frames, 14)
	f := frames[8]
	require.Equal(t, len(response), f.length-40)
	assert.Equal(t, len(response)+40, f.length, "the true length")
	assert.Equal(t, response[:4], string(f.upper[20:]))

	_, frames = capture(t, simnet.Capture{Host: "a"}, events[8:])
	assert.Len(t, frames, 10, "without the dial")
}

func TestCaptureSplits(t *testing.T) {
	s := newStory("[fd00::1]:1", "[fd00::2]:2")
	big := strings.Repeat("0123456789", 20_000)
	s.quiet = true
	s.pass(false, simnet.KindSend, simnet.StepData, 0, big)
	_, frames := capture(t, simnet.Capture{Host: "b"}, s.events)
	require.Len(t, frames, 4)
	var got []byte
	for i, f := range frames {
		assert.Equal(t, len(got), int(binary.BigEndian.Uint32(f.upper[4:])-binary.BigEndian.Uint32(frames[0].upper[4:])))
		got = append(got, f.upper[20:]...)
		assert.Equal(t, i == 3, f.upper[13]&8 != 0, "PSH")
	}
	assert.Equal(t, big, string(got))
}

func TestCaptureDatagrams(t *testing.T) {
	for _, a := range []string{"10.0.0.1:5000", "[fd00::1]:5000"} {
		from := netip.MustParseAddrPort(a)
		to := netip.AddrPortFrom(from.Addr().Next(), 53)
		_, frames := capture(t, simnet.Capture{Host: "a"}, datagram(a, to.String(), "question", "answer").events)
		require.Len(t, frames, 2)
		assert.Equal(t, from, frames[0].from)
		assert.Equal(t, to, frames[1].from)
		assert.Equal(t, "question", string(frames[0].upper[8:]))
		assert.EqualValues(t, 8+len("answer"), binary.BigEndian.Uint16(frames[1].upper[4:]))

		_, frames = capture(t, simnet.Capture{}, datagram(a, to.String(), "question", "").events)
		require.Len(t, frames, 2)
		if from.Addr().Is4() {
			assert.EqualValues(t, 1, frames[1].proto)
			assert.Equal(t, []byte{3, 3}, frames[1].upper[:2])
		} else {
			assert.EqualValues(t, 58, frames[1].proto)
			assert.Equal(t, []byte{1, 4}, frames[1].upper[:2])
		}
		_, frames = capture(t, simnet.Capture{Host: "c"}, datagram(a, to.String(), "question", "").events)
		assert.Empty(t, frames)
	}
}

// The checksum of UDP is never zero, which would say that there is none.
func TestCaptureChecksumZero(t *testing.T) {
	sumOf := func(payload []byte) []byte {
		_, frames := capture(t, simnet.Capture{}, datagram("10.0.0.1:5000", "10.0.0.2:53", string(payload), "x").events[:1])
		return frames[0].upper[6:8]
	}
	// What the checksum lacks to its largest value, put into the payload.
	assert.Equal(t, []byte{0xff, 0xff}, sumOf(sumOf([]byte{0, 0})))
}

func TestCaptureErrors(t *testing.T) {
	good := exchange("10.0.0.1:49152", "10.0.0.2:80").events
	mixed := exchange("10.0.0.1:49152", "[fd00::2]:80").events
	nowhere := datagram("10.0.0.1:1", "10.0.0.2:2", "x", "x").events
	nowhere[0].From = netip.AddrPort{}
	lies := datagram("10.0.0.1:1", "10.0.0.2:2", "x", "x").events
	lies[0].Size = 0
	odd := exchange("10.0.0.1:49152", "10.0.0.2:80").events[:1]
	odd[0].Step = 99
	large := datagram("10.0.0.1:1", "10.0.0.2:2", strings.Repeat("x", 65508), "x").events
	large6 := datagram("[fd00::1]:1", "[fd00::2]:2", strings.Repeat("x", 65528), "x").events
	for _, tc := range []struct {
		name   string
		c      simnet.Capture
		events []simnet.Event
		want   string
	}{
		{"early", simnet.Capture{Start: time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)}, good, "simnet: write pcapng: Start=1969-01-01 00:00:00 +0000 UTC: must be from 1970 to 2262"},
		{"late", simnet.Capture{Start: time.Date(2263, 1, 1, 0, 0, 0, 0, time.UTC)}, good, "simnet: write pcapng: Start=2263-01-01 00:00:00 +0000 UTC: must be from 1970 to 2262"},
		{"mixed", simnet.Capture{}, mixed, `simnet: write pcapng "0.001000000 dial a->b tcp syn 10.0.0.1:49152->[fd00::2]:80 flow=1f2e#0": no packet has the addresses 10.0.0.1 and fd00::2`},
		{"mixed, received", simnet.Capture{Host: "b"}, mixed, `simnet: write pcapng "0.002000000 deliver a->b tcp syn 10.0.0.1:49152->[fd00::2]:80 flow=1f2e#0": no packet has the addresses 10.0.0.1 and fd00::2`},
		{"nowhere", simnet.Capture{}, nowhere[:1], `simnet: write pcapng "0.001000000 send a->b udp datagram ?->10.0.0.2:2 flow=d9#0 size=1 crc=8cdc1683": no packet has the addresses invalid IP and 10.0.0.2`},
		{"lies", simnet.Capture{}, lies, `simnet: write pcapng "0.001000000 send a->b udp datagram 10.0.0.1:1->10.0.0.2:2 flow=d9#0 crc=8cdc1683": there are 1 bytes of it`},
		{"odd", simnet.Capture{}, odd, `simnet: write pcapng "0.001000000 dial a->b tcp Step(99) 10.0.0.1:49152->10.0.0.2:80 flow=1f2e#0 seq=0 ack=0": no segment is a Step(99)`},
		{"large", simnet.Capture{}, cut(large, 0), `simnet: write pcapng "0.001000000 send a->b udp datagram 10.0.0.1:1->10.0.0.2:2 flow=d9#0 size=65508": no packet has 65508 bytes`},
		{"large6", simnet.Capture{}, cut(large6, 0), `simnet: write pcapng "0.001000000 send a->b udp datagram [fd00::1]:1->[fd00::2]:2 flow=d9#0 size=65528": no packet has 65528 bytes`},
	} {
		err := tc.c.WritePcapng(io.Discard, slices.Values(tc.events))
		require.EqualError(t, err, tc.want, tc.name)
		var e *simnet.Error
		assert.ErrorAs(t, err, &e)
	}
}

// full fails after some bytes.
type full int

var errFull = errors.New("disk full")

func (f *full) Write(b []byte) (int, error) {
	if len(b) > int(*f) {
		return 0, errFull
	}
	*f -= full(len(b))
	return len(b), nil
}

func TestWriteErrors(t *testing.T) {
	var events []simnet.Event
	for range 100 {
		events = append(events, exchange("10.0.0.1:49152", "10.0.0.2:80").events...)
	}
	for _, room := range []full{0, 5000} {
		for _, write := range []func(io.Writer) error{
			func(w io.Writer) error { return simnet.WriteText(w, slices.Values(events)) },
			func(w io.Writer) error { return simnet.WriteText(w, slices.Values(events[:1])) },
			func(w io.Writer) error { return simnet.Diagram{}.WriteText(w, slices.Values(events)) },
			func(w io.Writer) error { return simnet.Diagram{}.WriteMermaid(w, slices.Values(events)) },
			func(w io.Writer) error { return simnet.Capture{}.WritePcapng(w, slices.Values(events)) },
			func(w io.Writer) error { return simnet.Capture{}.WritePcapng(w, slices.Values(events[:1])) },
			func(w io.Writer) error {
				return simnet.Capture{Host: strings.Repeat("h", 70_000)}.WritePcapng(w, slices.Values(events))
			},
		} {
			left := room
			err := write(&left)
			if room > 0 && err == nil {
				continue // a short one
			}
			require.ErrorIs(t, err, errFull)
			var e *simnet.Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, e.Op, "write ")
		}
	}
}
