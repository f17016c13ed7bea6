package dialer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
)

const (
	socksVersion     = 5
	socksPassword    = 2
	socksNoneFits    = 0xff
	socksConnect     = 1
	socksIPv4        = 1
	socksName        = 3
	socksIPv6        = 4
	passwordVersion  = 1
	socksReplyLength = 4 // before the address
)

// socksReplies are the causes that RFC 1928 section 6 numbers, as what a dial
// without a proxy would have returned.
var socksReplies = map[byte]error{
	1: errors.New("general failure"),
	2: fmt.Errorf("not allowed by the proxy's rules: %w", syscall.EACCES),
	3: errNetUnreachable,
	4: errHostUnreachable,
	5: errRefused,
	6: fmt.Errorf("the TTL expired: %w", syscall.ETIMEDOUT),
	7: fmt.Errorf("the proxy has no CONNECT: %w", errors.ErrUnsupported),
	8: fmt.Errorf("the proxy lacks this type of address: %w", errNoFamily),
}

// connectSOCKS is the CONNECT of RFC 1928. It reads not a byte more than the
// answer: what follows is the target's.
func (h *hop) connectSOCKS(conn net.Conn, to endpoint) error {
	password, err := h.greet(conn)
	if err != nil {
		return in("SOCKS5 greeting", err)
	}
	if password {
		if err := h.login(conn); err != nil {
			return in("SOCKS5 authentication", err)
		}
	}
	b := to.appendSOCKS([]byte{socksVersion, socksConnect, 0})
	if _, err := conn.Write(b); err != nil {
		return in("SOCKS5 request", err)
	}
	return in("SOCKS5 request", readSOCKSReply(conn))
}

// greet agrees on a method: password, or no authentication at all.
func (h *hop) greet(conn net.Conn) (password bool, err error) {
	methods := "\x00"
	if h.auth {
		methods = "\x00\x02"
	}
	var answer [2]byte
	if err := exchange(conn, counted([]byte{socksVersion}, methods), answer[:]); err != nil {
		return false, err
	}
	switch method := answer[1]; {
	case answer[0] != socksVersion:
		return false, fmt.Errorf("the answer has version %d", answer[0])
	case strings.IndexByte(methods, method) >= 0:
		return method == socksPassword, nil
	case method != socksNoneFits:
		return false, fmt.Errorf("the proxy chose method %d, which was not offered", method)
	case h.auth:
		return false, fmt.Errorf("the proxy wants neither a password nor no authentication: %w", errors.ErrUnsupported)
	}
	return false, fmt.Errorf("the proxy wants authentication: %w", syscall.EACCES)
}

// login is RFC 1929. New has checked the lengths.
func (h *hop) login(conn net.Conn) error {
	b := counted(counted([]byte{passwordVersion}, h.user), h.password)
	var answer [2]byte
	if err := exchange(conn, b, answer[:]); err != nil {
		return err
	}
	switch {
	case answer[0] != passwordVersion:
		return fmt.Errorf("the answer has version %d", answer[0])
	case answer[1] != 0:
		return fmt.Errorf("the proxy refuses user and password: %w", syscall.EACCES)
	}
	return nil
}

// counted appends a string of at most 255 bytes behind its length.
func counted(b []byte, s string) []byte {
	return append(append(b, byte(len(s))), s...) //nolint:gosec // New and newEndpoint have checked all lengths
}

func exchange(conn net.Conn, request, answer []byte) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	return readAll(conn, answer)
}

// readAll says what an EOF means here.
func readAll(conn net.Conn, b []byte) error {
	_, err := io.ReadFull(conn, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errHungUp
	}
	return err
}

var errHungUp = fmt.Errorf("the proxy hung up: %w", io.ErrUnexpectedEOF)

// appendSOCKS writes type, address and port. A name has at most maxHost bytes.
func (e endpoint) appendSOCKS(b []byte) []byte {
	switch {
	case e.ip.Is4():
		b = append(append(b, socksIPv4), e.ip.AsSlice()...)
	case e.ip.IsValid():
		b = append(append(b, socksIPv6), e.ip.AsSlice()...)
	default:
		b = counted(append(b, socksName), e.host)
	}
	return binary.BigEndian.AppendUint16(b, e.port)
}

// readSOCKSReply skips the address that the proxy dials from: it is of no use.
func readSOCKSReply(conn net.Conn) error {
	var b [1 + 255 + 2]byte
	if err := readAll(conn, b[:socksReplyLength]); err != nil {
		return err
	}
	version, code, kind := b[0], b[1], b[3]
	switch cause, known := socksReplies[code]; {
	case version != socksVersion:
		return fmt.Errorf("the answer has version %d", version)
	case known:
		return fmt.Errorf("the proxy answers %d: %w", code, cause)
	case code != 0:
		return fmt.Errorf("the proxy answers %d, which RFC 1928 does not know", code)
	}
	n := 2 // the port
	switch kind {
	case socksIPv4:
		n += net.IPv4len
	case socksIPv6:
		n += net.IPv6len
	case socksName:
		if err := readAll(conn, b[:1]); err != nil {
			return err
		}
		n += int(b[0])
	default:
		return fmt.Errorf("the answer has an address of type %d", kind)
	}
	return readAll(conn, b[:n])
}
