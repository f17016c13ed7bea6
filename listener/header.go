package listener

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"

	"github.com/pires/go-proxyproto"
)

// ProxyHeader is what a proxy has announced about a conn.
type ProxyHeader struct {
	// Version is 1 or 2.
	Version int
	// Source and Destination are the ends of the conn that the proxy has
	// accepted: *net.TCPAddr, *net.UDPAddr or *net.UnixAddr. Both are nil if it
	// announces none: for a conn of its own (LOCAL) or an UNKNOWN one.
	Source, Destination net.Addr
	// TLVs are the additions of version 2, in their order.
	TLVs []TLV
}

// TLV is an addition to a PROXY header. The types are in section 2.2 of the
// PROXY protocol's specification: 0x02 is the host name that the client asked
// for, 0x20 is about its TLS, 0xE0 to 0xEF are free for applications.
type TLV struct {
	Type  byte
	Value []byte
}

// ProxyHeaderOf returns the header of a conn that a listener with ProxyProtocol
// accepted, also through *tls.Conn and other wrappers that have NetConn. It
// returns false if there was none. What it points to belongs to the conn: do not
// change it.
func ProxyHeaderOf(c net.Conn) (*ProxyHeader, bool) {
	own, ok := unwrap[interface{ proxyHeader() *ProxyHeader }](c)
	if !ok {
		return nil, false
	}
	h := own.proxyHeader()
	return h, h != nil
}

// Sizes of the two versions.
const (
	signature = 12  // of version 2, and less than any version 1 has (15)
	fixed2    = 16  // what each header of version 2 has
	most1     = 107 // bytes of a header of version 1, line end included
)

var errNoHeader = errors.New("does not begin with a PROXY header")

// readHeader reads a header and not a byte more, so that nothing has to be kept
// for later reads.
func readHeader(r io.Reader, most int) ([]byte, error) {
	b := make([]byte, signature, most1)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	switch {
	case bytes.Equal(b, proxyproto.SIGV2):
		return readHeader2(r, b, most)
	case bytes.HasPrefix(b, []byte("PROXY ")):
		return readHeader1(r, b)
	}
	return nil, errNoHeader
}

// readHeader1 reads a line, in few steps: as many bytes at once as must come.
func readHeader1(r io.Reader, b []byte) ([]byte, error) {
	for n := missing(b); n > 0; n = missing(b) {
		if len(b)+n > most1 {
			return nil, proxyproto.ErrVersion1HeaderTooLong
		}
		from := len(b)
		b = b[:from+n]
		if _, err := io.ReadFull(r, b[from:]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// missing returns the least number of bytes that the line still needs.
func missing(b []byte) int {
	const fields, end = 6, 2
	switch {
	case bytes.IndexByte(b, '\n') >= 0: // the end, or what cannot be right any more
		return 0
	case bytes.HasSuffix(b, []byte("\r")):
		return 1
	case !bytes.HasPrefix(b, []byte("PROXY TCP")):
		return end // UNKNOWN, and then anything
	}
	n := end
	if gaps := fields - 1 - bytes.Count(b, []byte(" ")); gaps > 0 {
		n += 2 * gaps // each with a field of one byte at least
	}
	return n
}

func readHeader2(r io.Reader, b []byte, most int) ([]byte, error) {
	b = append(b, make([]byte, fixed2-signature)...)
	if _, err := io.ReadFull(r, b[signature:]); err != nil {
		return nil, err
	}
	size := fixed2 + int(binary.BigEndian.Uint16(b[fixed2-2:]))
	if size > most {
		return nil, fmt.Errorf("the header has %d bytes, which is more than %d", size, most)
	}
	whole := make([]byte, size)
	copy(whole, b)
	_, err := io.ReadFull(r, whole[fixed2:])
	return whole, err
}

// parseHeader takes exactly one header.
func parseHeader(b []byte) (*ProxyHeader, error) {
	// The function for datagrams is the one that takes bytes; headers of
	// streams are no different.
	parsed, rest, err := proxyproto.ParseUDPDatagram(b)
	switch {
	case err != nil:
		return nil, err
	case len(rest) > 0:
		return nil, fmt.Errorf("%d bytes of the header are not a part of it", len(rest))
	}
	h := &ProxyHeader{Version: int(parsed.Version)}
	tlvs, err := parsed.TLVs()
	if parsed.Command.IsLocal() {
		err = nil // whatever follows a LOCAL has to be skipped
	} else {
		h.Source, h.Destination = parsed.SourceAddr, parsed.DestinationAddr
	}
	for _, t := range tlvs {
		h.TLVs = append(h.TLVs, TLV{Type: byte(t.Type), Value: t.Value})
	}
	if err == nil && h.Source != nil && h.Version == 2 {
		err = checkSum(b)
	}
	return h, err
}

// sizes of the addresses by family, the upper half of byte 13.
var addressSizes = [16]int{1: 12, 2: 36, 3: 216}

// checkSum compares the checksum of a header of version 2, if it has one
// (section 2.2.3). The TLVs have been parsed already, so they fit.
func checkSum(b []byte) error {
	const head, size = 3, 4
	for i := fixed2 + addressSizes[b[13]>>4]; i+head <= len(b); {
		value := b[i+head : i+head+int(binary.BigEndian.Uint16(b[i+1:]))]
		if b[i] == byte(proxyproto.PP2_TYPE_CRC32C) {
			if len(value) != size {
				return fmt.Errorf("the checksum has %d bytes", len(value))
			}
			want := binary.BigEndian.Uint32(value)
			clear(value) // it counts as zero
			if sum := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)); sum != want {
				return fmt.Errorf("the checksum is %08x, not %08x", want, sum)
			}
		}
		i += head + len(value)
	}
	return nil
}
