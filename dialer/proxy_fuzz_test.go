package dialer_test

import (
	"bytes"
	"strings"
	"testing"

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
