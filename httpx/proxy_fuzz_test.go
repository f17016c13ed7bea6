package httpx_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// A proxy that is taken has a scheme and a host and reads the same when it was written
// out. What is said against another one shows no password.
func FuzzProxyURL(f *testing.F) {
	for _, s := range []string{
		"", "proxy", "proxy:3128", "http://a:pa55word@[::1]:8080/", "socks5://u:pa55word@h", "socks5h://u@h:0",
		"https://:pa55word@h", "http://a:pa55wo%rd@h", "ftp://h", "http://h/?pa55word", "//h", "http://h:65536",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := httpx.ParseProxy(s)
		if err != nil {
			for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(":/@?#", r) }) {
				assert.False(t, strings.Contains(part, "pa55") && strings.Contains(err.Error(), part), "%q: %v", s, err)
			}
			return
		}
		require.NotEmpty(t, u.Hostname(), "%q", s)
		again, err := httpx.ParseProxy(u.String())
		require.NoError(t, err, "%q is %s", s, u)
		assert.Equal(t, [2]string{u.Scheme, u.Host}, [2]string{again.Scheme, again.Host})
		assert.Equal(t, account(u), account(again))
	})
}

func account(u *url.URL) [2]string {
	password, _ := u.User.Password()
	return [2]string{u.User.Username(), password}
}
