package netspec_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// A range is what it says, or an error that names it; nothing wraps.
func FuzzPorts(f *testing.F) {
	for _, s := range []string{"", "1-2", "40000-50000", "0-0", "65535-65536", "-1--1", "1-2-3", "٣-4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var p netspec.Problems
		got := netspec.Ports(&p, "local_ports", &s)
		if err := p.Err(); err != nil {
			require.Equal(t, "local_ports", spec.Errors(err)[0].Path)
			return
		}
		again := got.String()
		assert.Equal(t, got, netspec.Ports(&p, "local_ports", &again))
		require.NoError(t, p.Err())
	})
}

// Permissions are octal, and at most 0777.
func FuzzMode(f *testing.F) {
	for _, s := range []string{"", "0660", "777", "1777", "0x1", "8", "-1", "00000000000000777"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var p netspec.Problems
		mode := netspec.Mode(&p, "unix_mode", &s)
		n, err := strconv.ParseUint(s, 8, 64)
		if err != nil || n > 0o777 {
			require.EqualError(t, p.Err(), "unix_mode: "+strconv.Quote(s)+": want permissions in octal, at most 0777")
			return
		}
		require.NoError(t, p.Err())
		assert.Equal(t, n, uint64(mode))
	})
}

// A mapper takes any text, and never panics.
func FuzzDial(f *testing.F) {
	f.Add("127.0.0.1:0", "(tcp|a:80) (unix|/x)", "http://a:b@c", "1-2")
	f.Add("unix:///x", "(tcp|*:80) (tcp|*:81)", "socks5h://[::1]", "")
	f.Fuzz(func(t *testing.T, local, rule, proxy, ports string) {
		_, err := netspec.NewDialerFromSpec(&specv1.DialConfig{
			LocalAddr: &local, Rewrites: []string{rule}, LocalPorts: &ports,
			Proxies: []*specv1.DialConfig_Proxy{{Url: &proxy}},
		})
		for _, e := range spec.Errors(err) {
			assert.NotEmpty(t, e.Path)
		}
	})
}

// A port range has one form.
func TestPorts(t *testing.T) {
	var p netspec.Problems
	assert.Equal(t, sockopt.PortRange{}, netspec.Ports(&p, "", nil))
	assert.Equal(t, sockopt.PortRange{Low: 1, High: 65535}, netspec.Ports(&p, "", new("1-65535")))
	require.NoError(t, p.Err())
	for _, bad := range []string{"", "1", "1-", "-1", "1-65536", "1-2-3", " 1-2"} {
		var p netspec.Problems
		netspec.Ports(&p, "local_ports", &bad)
		assert.EqualError(t, p.Err(), "local_ports: "+strconv.Quote(bad)+": want two ports from 0 to 65535, such as 40000-50000")
	}
}
