package dnsintercept

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/strata-net/strata/tunx/internal/dnswire"
)

var errLong = errors.New("is longer than 65535 bytes")

// OverStream returns a Resolver that asks over conns that dial makes for it, one for each
// query (RFC 7766). With conns of TCP to server it is DNS over TCP; with those of
// crypto/tls, to server or to another one, DNS over TLS (RFC 7858).
func OverStream(dial func(ctx context.Context, server netip.AddrPort) (net.Conn, error)) Resolver {
	return func(ctx context.Context, query []byte, server netip.AddrPort) ([]byte, error) {
		if len(query) > 65535 {
			return nil, errLong
		}
		if len(query) < 2 {
			return nil, dnswire.ErrShort // it has no ID
		}
		conn, err := dial(ctx, server)
		if err != nil {
			return nil, fmt.Errorf("dial %s: %w", server, err)
		}
		// A conn that ends with the context wakes whoever waits for it.
		stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
		defer func() {
			stop()
			conn.Close()
		}()
		answer, err := exchange(conn, query)
		if err != nil {
			return nil, fmt.Errorf("ask %s: %w", server, errors.Join(err, context.Cause(ctx)))
		}
		return answer, nil
	}
}

// exchange sends a query and reads answers until the one with its ID.
func exchange(conn io.ReadWriter, query []byte) ([]byte, error) {
	message := binary.BigEndian.AppendUint16(nil, uint16(len(query))) //nolint:gosec // checked
	if _, err := conn.Write(append(message, query...)); err != nil {
		return nil, err
	}
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return nil, err
		}
		answer := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, answer); err != nil {
			return nil, err
		}
		if len(answer) >= 2 && [2]byte(answer) == [2]byte(query) {
			return answer, nil
		}
	}
}
