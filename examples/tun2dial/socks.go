package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// dialFunc is a dialer's DialContext.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// handshakeTime is what a client of the proxy has to say what it wants.
const handshakeTime = 10 * time.Second

// serveSOCKS is the CONNECT of RFC 1928 for one client, without authentication:
// the proxy is for this machine only. The context ends what is dialled.
func serveSOCKS(ctx context.Context, c net.Conn, dial dialFunc) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(handshakeTime))
	target, err := readSOCKS(c)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	up, err := dial(ctx, "tcp", target)
	c.SetDeadline(time.Now().Add(handshakeTime))
	if _, werr := c.Write([]byte{5, socksReply(err), 0, 1, 0, 0, 0, 0, 0, 0}); err != nil || werr != nil {
		if err == nil {
			up.Close()
		}
		return
	}
	c.SetDeadline(time.Time{})
	splice(c, up)
}

// socksReply returns the number that RFC 1928 section 6 has for an error.
func socksReply(err error) byte {
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errRefused):
		return 5
	case errors.Is(err, errNetUnreachable):
		return 3
	case errors.Is(err, errHostUnreachable), isNet && timeout.Timeout():
		return 4
	}
	return 1
}

// readSOCKS agrees on no authentication and returns the target.
func readSOCKS(c net.Conn) (string, error) {
	var head [4]byte
	if _, err := io.ReadFull(c, head[:2]); err != nil {
		return "", err
	}
	if head[0] != 5 {
		return "", fmt.Errorf("SOCKS version %d", head[0])
	}
	if _, err := io.ReadFull(c, make([]byte, head[1])); err != nil {
		return "", err
	}
	if _, err := c.Write([]byte{5, 0}); err != nil {
		return "", err
	}
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return "", err
	}
	if head[1] != 1 { // CONNECT
		_, err := c.Write([]byte{5, 7, 0, 1, 0, 0, 0, 0, 0, 0})
		return "", errors.Join(fmt.Errorf("SOCKS command %d", head[1]), err)
	}
	return readTarget(c, head[3])
}

// readTarget reads address and port.
func readTarget(r io.Reader, kind byte) (string, error) {
	size := map[byte]int{1: 4, 4: 16}[kind]
	if kind == 3 { // a name
		var length [1]byte
		if _, err := io.ReadFull(r, length[:]); err != nil {
			return "", err
		}
		size = int(length[0])
	}
	if size == 0 {
		return "", fmt.Errorf("SOCKS address of type %d", kind)
	}
	b := make([]byte, size+2)
	if _, err := io.ReadFull(r, b); err != nil {
		return "", err
	}
	host := string(b[:size])
	if kind == 3 && strings.ContainsAny(host, "[]") { // "[a]" would become the host a
		return "", fmt.Errorf("SOCKS name %q", host)
	}
	if ip, ok := netip.AddrFromSlice(b[:size]); ok && kind != 3 {
		host = ip.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(b[size:])))), nil
}
