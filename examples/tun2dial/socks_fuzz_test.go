package main

import (
	"bytes"
	"net"
	"net/netip"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// client is a conn on which a client of the proxy has said all that it will.
type client struct {
	net.Conn

	in  *bytes.Reader
	out bytes.Buffer
}

func (c *client) Read(p []byte) (int, error)  { return c.in.Read(p) }
func (c *client) Write(p []byte) (int, error) { return c.out.Write(p) }

// What is asked for can be taken apart again, and stands in the request as it is.
func FuzzSOCKS(f *testing.F) {
	f.Add([]byte("\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50"))
	f.Add([]byte("\x05\x02\x00\x02\x05\x01\x00\x03\x04host\x01\xbb"))
	f.Add(append([]byte("\x05\x00\x05\x01\x00\x04"), make([]byte, 18)...))
	f.Add([]byte("\x05\x01\x00\x05\x02\x00\x01"))
	f.Add([]byte("\x05\x01\x00\x05\x01\x00\x03\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &client{in: bytes.NewReader(b)}
		target, err := readSOCKS(c)
		require.LessOrEqual(t, c.out.Len(), 12) // it answers twice at most
		if err != nil {
			return
		}
		require.Equal(t, []byte{5, 0}, c.out.Bytes())
		host, service, err := net.SplitHostPort(target)
		require.NoError(t, err)
		port, err := strconv.ParseUint(service, 10, 16)
		require.NoError(t, err)
		read := b[:len(b)-c.in.Len()]
		assert.Equal(t, []byte{byte(port >> 8), byte(port)}, read[len(read)-2:])
		if ip, err := netip.ParseAddr(host); err != nil || !bytes.HasSuffix(read[:len(read)-2], ip.AsSlice()) {
			assert.True(t, bytes.HasSuffix(read[:len(read)-2], []byte(host)), "%q", host)
		}
	})
}

// What -L takes is the same when it was written out.
func FuzzForwarded(f *testing.F) {
	for _, s := range []string{"", "127.0.0.1:80=host:80", "udp:[::1]:53=1.1.1.1:53", "udp:[::1]:53=name:53", "1.2.3.4:5", "=", "udp:="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		was, err := parseForwarded(s)
		if err != nil {
			return
		}
		text := was.local + "=" + was.target
		if was.network == "udp" {
			text = "udp:" + text
		}
		again, err := parseForwarded(text)
		require.NoError(t, err)
		assert.Equal(t, was, again)
	})
}
