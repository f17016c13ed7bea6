package dialer_test

import (
	"bufio"
	"bytes"
	"math"
	"net"
	"strings"
	"testing"

	"github.com/pires/go-proxyproto"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

func FuzzProxyAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\n\r\nrest", "HTTP/1.0 200\n\nrest", "HTTP/1.1 100 x\r\n\r\nHTTP/1.1 200 x\r\nA: b\n\r\nrest", "HTTP/1.1 407 no\r\nContent-Length: 3\r\n\r\nabc",
		"\x05\x00\x05\x00\x00\x01\x01\x02\x03\x04\x00\x01rest", "\x05\x02\x01\x00\x05\x00\x00\x03\x02ab\x00\x01rest", "\x05\xff", "\x05\x00\x05\x05",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		proxies := parseProxies(t, "socks5h://u:p@h", "http://u:p@h")
		proxies[1].MaxHeader = 1000
		if rest, err := dialer.ProxyAnswer(proxies[0], []byte(answer)); err == nil {
			used := answer[:len(answer)-len(rest)]
			require.Equal(t, byte(5), used[0])
			require.LessOrEqual(t, len(used), 2+2+4+1+255+2)
		}
		rest, err := dialer.ProxyAnswer(proxies[1], []byte(answer))
		used := answer[:len(answer)-len(rest)]
		require.LessOrEqual(t, len(used), 1000)
		if err != nil {
			return
		}
		require.True(t, strings.HasPrefix(used, "HTTP/1."))
		require.True(t, strings.HasSuffix(used, "\n\n") || strings.HasSuffix(used, "\n\r\n"))
		// Whatever the target says first, nothing of it is taken.
		more := append([]byte(used), "\n\r\n\n target"...)
		rest, err = dialer.ProxyAnswer(proxies[1], bytes.Clone(more))
		require.NoError(t, err)
		require.Equal(t, "\n\r\n\n target", string(rest))
	})
}

// FuzzProxyHeader reads what was sent with the library's reader, as a server does.
func FuzzProxyHeader(f *testing.F) {
	defer func(most uint16) { proxyproto.MaxV2HeaderSize = most }(proxyproto.MaxV2HeaderSize)
	proxyproto.MaxV2HeaderSize = math.MaxUint16 // the reader's own bound is lower
	f.Add([]byte{192, 0, 2, 1}, []byte{192, 0, 2, 2}, 1000, 443, byte(1), []byte("h2"))
	f.Add(make([]byte, 16), make([]byte, 16), 0, 65535, byte(0xe0), []byte{})
	f.Add([]byte{1}, []byte{}, -1, 65536, byte(0), make([]byte, 300))
	f.Add([]byte{192, 0, 2, 1}, []byte{192, 0, 2, 2}, 1, 2, byte(0xe1), make([]byte, 60000))
	f.Fuzz(func(t *testing.T, from, to []byte, fromPort, toPort int, kind byte, value []byte) {
		h := dialer.ProxyHeader{Source: &net.TCPAddr{IP: from, Port: fromPort}, Destination: &net.TCPAddr{IP: to, Port: toPort}}
		for version := 1; version <= 2; version++ {
			if version == 2 {
				h.TLVs = []dialer.TLV{{Type: kind, Value: value}}
			}
			b, err := dialer.FormatProxyHeader(h, version)
			if err != nil {
				continue
			}
			parsed, err := proxyproto.Read(bufio.NewReader(bytes.NewReader(b)))
			require.NoError(t, err)
			source, destination, ok := parsed.TCPAddrs()
			require.True(t, ok)
			require.True(t, source.IP.Equal(from) && destination.IP.Equal(to))
			require.Equal(t, [2]int{fromPort, toPort}, [2]int{source.Port, destination.Port})
			if version == 2 {
				tlvs, err := parsed.TLVs()
				require.NoError(t, err)
				if kind == byte(proxyproto.PP2_TYPE_NOOP) { // padding, of which the reader keeps nothing
					value = nil
				}
				require.Len(t, tlvs, 1)
				require.Equal(t, kind, byte(tlvs[0].Type))
				require.Equal(t, string(value), string(tlvs[0].Value))
			}
		}
	})
}
