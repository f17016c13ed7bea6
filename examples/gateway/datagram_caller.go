package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"time"

	"github.com/strata-net/strata/tlsx"
)

// datagramCaller calls an echo of datagrams.
type datagramCaller struct {
	conn net.Conn
	buf  [1 << 16]byte
}

// resend is how long a datagram is waited for before it counts as lost.
const resend = time.Second

// call sends payload and waits for it. A datagram can be lost, so it is sent
// again, and what answers an earlier one is passed over.
func (d *datagramCaller) call(payload []byte) error {
	for end := time.Now().Add(callTime); time.Now().Before(end); {
		if _, err := d.conn.Write(payload); err != nil {
			return err
		}
		if err := d.conn.SetReadDeadline(time.Now().Add(resend)); err != nil {
			return err
		}
		err := d.await(payload)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return os.ErrDeadlineExceeded
}

// await reads until payload comes. Each payload is a different one, so what is
// as long and begins alike, but differs, was changed on the way.
func (d *datagramCaller) await(payload []byte) error {
	for {
		n, err := d.conn.Read(d.buf[:])
		switch got := d.buf[:n]; {
		case err != nil:
			return err
		case bytes.Equal(got, payload):
			return nil
		case n >= callID && bytes.HasPrefix(payload, got[:callID]):
			return errEcho
		}
	}
}

// largest is what fits into a datagram over IPv4.
func (d *datagramCaller) largest() int { return 65507 }

func (d *datagramCaller) versions() (string, tlsx.Session) { return "", tlsx.Session{} }

func (d *datagramCaller) close() { d.conn.Close() }
