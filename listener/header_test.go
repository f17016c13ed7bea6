package listener_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

const signature2 = "\r\n\r\n\x00\r\nQUIT\n"

// header2 makes a header of version 2 from its two bytes and what follows the length.
func header2(command, family byte, rest string) string {
	b := []byte(signature2)
	b = append(b, command, family)
	b = binary.BigEndian.AppendUint16(b, uint16(len(rest)))
	return string(b) + rest
}

func tlv(kind byte, value string) string {
	return string(append([]byte{kind, byte(len(value) >> 8), byte(len(value))}, value...))
}

const (
	pair4 = "\x0a\x01\x02\x03\x0a\x00\x00\x01\x30\x39\x00\x50" // 10.1.2.3:12345 to 10.0.0.1:80
	pair6 = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x30\x39\x00\x50"
)

// summed adds a checksum, wrong by an offset.
func summed(s string, offset uint32) string {
	b := []byte(s + tlv(3, "\x00\x00\x00\x00"))
	binary.BigEndian.PutUint16(b[14:], uint16(len(b)-16))
	sum := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
	binary.BigEndian.PutUint32(b[len(b)-4:], sum+offset)
	return string(b)
}

var goodHeaders = map[string]struct {
	text, source, destination string
	version, tlvs             int
}{
	"TCP4":             {"PROXY TCP4 10.1.2.3 10.0.0.1 12345 80\r\n", "10.1.2.3:12345", "10.0.0.1:80", 1, 0},
	"TCP4 shortest":    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n", "1.1.1.1:1", "2.2.2.2:2", 1, 0},
	"TCP4 longest":     {"PROXY TCP4 255.255.255.255 255.255.255.254 65535 65535\r\n", "255.255.255.255:65535", "255.255.255.254:65535", 1, 0},
	"TCP6":             {"PROXY TCP6 2001:db8::1 2001:db8::2 12345 80\r\n", "[2001:db8::1]:12345", "[2001:db8::2]:80", 1, 0},
	"TCP6 shortest":    {"PROXY TCP6 :: :: 0 0\r\n", "[::]:0", "[::]:0", 1, 0},
	"UNKNOWN":          {"PROXY UNKNOWN\r\n", "", "", 1, 0},
	"UNKNOWN longest":  {"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe 65535 65535\r\n", "", "", 1, 0},
	"2 TCP4":           {header2(0x21, 0x11, pair4), "10.1.2.3:12345", "10.0.0.1:80", 2, 0},
	"2 TCP6":           {header2(0x21, 0x21, pair6), "[2001:db8::1]:12345", "[2001:db8::2]:80", 2, 0},
	"2 UDP4":           {header2(0x21, 0x12, pair4), "10.1.2.3:12345", "10.0.0.1:80", 2, 0},
	"2 unix":           {header2(0x21, 0x31, "/a"+strings.Repeat("\x00", 106)+"/b"+strings.Repeat("\x00", 106)), "/a", "/b", 2, 0},
	"2 LOCAL":          {header2(0x20, 0x00, ""), "", "", 2, 0},
	"2 LOCAL and more": {header2(0x20, 0x11, pair4), "", "", 2, 0},
	"2 LOCAL and junk": {header2(0x20, 0x00, "junk"), "", "", 2, 0},
	"2 TLVs":           {header2(0x21, 0x11, pair4+tlv(2, "example.test")+tlv(4, "pad")+tlv(0xE0, "")), "10.1.2.3:12345", "10.0.0.1:80", 2, 3},
	"2 checksum":       {summed(header2(0x21, 0x11, pair4+tlv(4, "pad")), 0), "10.1.2.3:12345", "10.0.0.1:80", 2, 2},
	"2 checksum IPv6":  {summed(header2(0x21, 0x21, pair6), 0), "[2001:db8::1]:12345", "[2001:db8::2]:80", 2, 1},
}

var badHeaders = map[string]struct{ text, want string }{
	"HTTP":                {"GET / HTTP/1.1\r\n\r\n", "does not begin with a PROXY header"},
	"cut":                 {"PROXY TCP4 1.1", "unexpected EOF"},
	"empty":               {"", "EOF"},
	"lower case":          {"proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n", "does not begin with a PROXY header"},
	"no line end":         {"PROXY TCP4 1.1.1.1 2.2.2.2 1 2" + strings.Repeat(" ", 200), "107 bytes or less"},
	"UNKNOWN without end": {"PROXY UNKNOWN " + strings.Repeat("x", 200), "107 bytes or less"},
	"bad address":         {"PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n", "invalid address"},
	"IPv6 in TCP4":        {"PROXY TCP4 :: :: 1 2\r\n", "invalid address"},
	"bad port":            {"PROXY TCP4 1.1.1.1 2.2.2.2 70000 2\r\n", "invalid port"},
	"too few fields":      {"PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n    ", "proxyproto"},
	"line feed only":      {"PROXY UNKNOWN\nabc\r\n", "proxyproto"},
	"2 wrong version":     {header2(0x11, 0x11, pair4), "unsupported"},
	"2 wrong command":     {header2(0x22, 0x11, pair4), "unsupported"},
	"2 wrong family":      {header2(0x21, 0x41, pair4), "unsupported"},
	"2 no family":         {header2(0x21, 0x00, ""), "unsupported"},
	"2 short addresses":   {header2(0x21, 0x11, pair4[:11]), "invalid length"},
	"2 too long":          {header2(0x21, 0x11, pair4+strings.Repeat("\x00", 4200)), "which is more than 4096"},
	"2 cut TLV":           {header2(0x21, 0x11, pair4+"\x02\x00\x05abc"), "truncated TLV"},
	"2 wrong checksum":    {summed(header2(0x21, 0x11, pair4), 1), "the checksum is"},
	"2 short checksum":    {header2(0x21, 0x11, pair4+tlv(3, "ab")), "the checksum has 2 bytes"},
	"2 cut":               {header2(0x21, 0x11, pair4)[:20], "unexpected EOF"},
	"2 cut before length": {header2(0x21, 0x11, pair4)[:14], "unexpected EOF"},
}

func TestHeader(t *testing.T) {
	const tail = "\r\nwhat the client says"
	for name, test := range goodHeaders {
		for _, slow := range []bool{false, true} {
			all := strings.NewReader(test.text + tail)
			var r io.Reader = all
			if slow {
				r = iotest.OneByteReader(all)
			}
			b, err := listener.ReadHeader(r, 4096)
			require.NoError(t, err, name)
			assert.Equal(t, test.text, string(b), name)
			assert.Equal(t, len(tail), all.Len(), "%s: it read too much or too little", name)
			h, err := listener.ParseHeader(b)
			require.NoError(t, err, name)
			assert.Equal(t, test.version, h.Version, name)
			assert.Len(t, h.TLVs, test.tlvs, name)
			if test.source == "" {
				assert.Nil(t, h.Source, name)
				assert.Nil(t, h.Destination, name)
			} else {
				assert.Equal(t, test.source, h.Source.String(), name)
				assert.Equal(t, test.destination, h.Destination.String(), name)
			}
		}
	}
	b, err := listener.ReadHeader(strings.NewReader(goodHeaders["2 TLVs"].text), 4096)
	require.NoError(t, err)
	h, err := listener.ParseHeader(b)
	require.NoError(t, err)
	assert.Equal(t, listener.TLV{Type: 2, Value: []byte("example.test")}, h.TLVs[0])
	assert.Equal(t, listener.TLV{Type: 0xE0, Value: []byte{}}, h.TLVs[2])
}

func TestBadHeader(t *testing.T) {
	for name, test := range badHeaders {
		b, err := listener.ReadHeader(strings.NewReader(test.text), 4096)
		if err == nil {
			_, err = listener.ParseHeader(b)
		}
		assert.ErrorContains(t, err, test.want, name)
	}
	_, err := listener.ParseHeader([]byte(goodHeaders["TCP4"].text + "x"))
	assert.EqualError(t, err, "1 bytes of the header are not a part of it")
}

// FuzzHeader shows that a header that is taken was read to its end and no
// further, and that nothing makes the reader read more than the bounds.
func FuzzHeader(f *testing.F) {
	for _, h := range goodHeaders {
		f.Add([]byte(h.text + "tail"))
	}
	for _, h := range badHeaders {
		f.Add([]byte(h.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		b, err := listener.ReadHeader(r, 300)
		read := len(data) - r.Len()
		assert.LessOrEqual(t, read, 300)
		if err != nil {
			return
		}
		assert.Equal(t, data[:read], b)
		if b[0] == 'P' {
			assert.LessOrEqual(t, read, 107)
		} else {
			assert.Equal(t, read, 16+int(binary.BigEndian.Uint16(data[14:])))
		}
		h, err := listener.ParseHeader(b)
		if err == nil {
			if h.Version == 1 {
				assert.Equal(t, read, bytes.Index(data, []byte("\r\n"))+2, "a line ends at its first CRLF")
			}
			assert.Contains(t, []int{1, 2}, h.Version)
			assert.Equal(t, h.Source == nil, h.Destination == nil)
		}
	})
}
