package httpx_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

func TestParseForwarded(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []string
		want   []httpx.Forwarded
		err    string
	}{
		{"none", nil, nil, ""},
		{"empty", []string{"", " , ;;, "}, nil, ""},
		{"one", []string{"for=192.0.2.60;proto=http;by=203.0.113.43"}, []httpx.Forwarded{{For: "192.0.2.60", By: "203.0.113.43", Proto: "http"}}, ""},
		{"case", []string{"For=a;HOST=b"}, []httpx.Forwarded{{For: "a", Host: "b"}}, ""},
		{"two", []string{"for=a, for=b", "for=c"}, []httpx.Forwarded{{For: "a"}, {For: "b"}, {For: "c"}}, ""},
		{"quotes", []string{`for="[2001:db8::1]:80" ; host="a\"b,;c"`}, []httpx.Forwarded{{For: "[2001:db8::1]:80", Host: `a"b,;c`}}, ""},
		{"others", []string{"secret=x;for=a"}, []httpx.Forwarded{{For: "a"}}, ""},
		{"obfuscated", []string{"for=_x;by=unknown"}, []httpx.Forwarded{{For: "_x", By: "unknown"}}, ""},
		{"no name", []string{"=a"}, nil, "name"},
		{"no equal", []string{"for"}, nil, "no ="},
		{"space", []string{"for = a"}, nil, "no ="},
		{"no value", []string{"for="}, nil, "value of a parameter is missing"},
		{"open quote", []string{`for="a`}, nil, "does not end"},
		{"escape at the end", []string{`for="a\`}, nil, "does not end"},
		{"control", []string{"for=\"a\x01\""}, nil, "control"},
		{"delete", []string{"for=\"a\x7f\""}, nil, "control"},
		{"twice", []string{"for=a;FOR=b"}, nil, "twice"},
		{"rest", []string{`for="a"b`}, nil, "something else"},
		{"IPv6 without quotes", []string{"for=[::1]"}, nil, "missing"},
		{"too many", []string{strings.Repeat("for=a,", 101)}, nil, "more than 100"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := httpx.ParseForwarded(tt.values)
			if tt.err != "" {
				assert.Equal(t, "Forwarded", failure(t, err).Field)
				assert.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

// What can be read can be written, and is the same again.
func FuzzParseForwarded(f *testing.F) {
	f.Add(`for="[2001:db8::1]:80";host="a\"b";proto=https;by=_x, for=b`)
	f.Add(`for="\\";;,x=y`)
	f.Fuzz(func(t *testing.T, value string) {
		elements, err := httpx.ParseForwarded([]string{value})
		if err != nil {
			return
		}
		var again []string
		var want []httpx.Forwarded
		for _, e := range elements {
			if s := e.String(); s != "" { // it may have parameters of other names, or empty quotes, only
				again, want = append(again, s), append(want, e)
			}
		}
		got, err := httpx.ParseForwarded(again)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	})
}

func TestClientAddr(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("::ffff:192.0.2.0/120")}
	for _, tt := range []struct {
		name, peer, header, value string
		mode                      httpx.ForwardedMode
		want                      string
	}{
		{"direct", "198.51.100.1:5", "X-Forwarded-For", "1.1.1.1", httpx.ForwardX, "198.51.100.1"},
		{"one proxy", "10.0.0.1:5", "X-Forwarded-For", "1.1.1.1", httpx.ForwardX, "1.1.1.1"},
		{"a lie before", "10.0.0.1:5", "X-Forwarded-For", "8.8.8.8, 1.1.1.1", httpx.ForwardX, "1.1.1.1"},
		{"two proxies", "10.0.0.1:5", "X-Forwarded-For", "8.8.8.8, 1.1.1.1 ,10.2.2.2", httpx.ForwardX, "1.1.1.1"},
		{"all trusted", "10.0.0.1:5", "X-Forwarded-For", "10.3.3.3, 10.2.2.2", httpx.ForwardX, "10.3.3.3"},
		{"no header", "10.0.0.1:5", "", "", httpx.ForwardX, "10.0.0.1"},
		{"garbage", "10.0.0.1:5", "X-Forwarded-For", "1.1.1.1, x", httpx.ForwardX, "10.0.0.1"},
		{"garbage before", "10.0.0.1:5", "X-Forwarded-For", "x, 10.2.2.2", httpx.ForwardX, "10.2.2.2"},
		{"mapped peer", "[::ffff:10.0.0.1]:5", "X-Forwarded-For", "::ffff:1.1.1.1", httpx.ForwardX, "1.1.1.1"},
		{"with port", "10.0.0.1:5", "X-Forwarded-For", "1.1.1.1:80", httpx.ForwardX, "1.1.1.1"},
		{"IPv6 with port", "[fd00::1]:5", "X-Forwarded-For", "[2001:db8::1]:80", httpx.ForwardX, "2001:db8::1"},
		{"IPv6", "[fd00::1]:5", "X-Forwarded-For", "2001:db8::1", httpx.ForwardX, "2001:db8::1"},
		{"mapped prefix", "192.0.2.9:5", "X-Forwarded-For", "1.1.1.1", httpx.ForwardX, "1.1.1.1"},
		{"standard", "10.0.0.1:5", "Forwarded", `for=8.8.8.8, for="[2001:db8::1]:_x", for=10.2.2.2`, httpx.ForwardStandard, "2001:db8::1"},
		{"standard unknown", "10.0.0.1:5", "Forwarded", `for=8.8.8.8, for=unknown`, httpx.ForwardStandard, "10.0.0.1"},
		{"standard broken", "10.0.0.1:5", "Forwarded", `for=8.8.8.8, for=`, httpx.ForwardStandard, "10.0.0.1"},
		{"comma in quotes", "10.0.0.1:5", "Forwarded", `for="1.1.1.1, for=10.9.9.9", for=10.2.2.2`, httpx.ForwardStandard, "10.2.2.2"},
		{"escapes in quotes", "10.0.0.1:5", "Forwarded", `for=8.8.8.8, for="\1.1.1\.1"`, httpx.ForwardStandard, "1.1.1.1"},
		{"for in the host", "10.0.0.1:5", "Forwarded", `for=1.1.1.1;host="for=8.8.8.8, for=10.9.9.9"`, httpx.ForwardStandard, "1.1.1.1"},
		{"for twice", "10.0.0.1:5", "Forwarded", `for=8.8.8.8;For=10.9.9.9`, httpx.ForwardStandard, "10.0.0.1"},
		{"obfuscated", "10.0.0.1:5", "Forwarded", `for=8.8.8.8, for=_hidden, for=10.2.2.2`, httpx.ForwardStandard, "10.2.2.2"},
		{"quote left open", "10.0.0.1:5", "Forwarded", `for=8.8.8.8, for="10.2.2.2`, httpx.ForwardStandard, "10.0.0.1"},
		{"IPv6 without brackets", "10.0.0.1:5", "Forwarded", `for="2001:db8::1"`, httpx.ForwardStandard, "2001:db8::1"},
		{"IPv4 in brackets with a port", "10.0.0.1:5", "Forwarded", `for="[1.1.1.1]:80"`, httpx.ForwardStandard, "10.0.0.1"},
		{"zone", "10.0.0.1:5", "Forwarded", `for="[fe80::1%eth0]"`, httpx.ForwardStandard, "fe80::1"},
		{"the other header", "10.0.0.1:5", "X-Forwarded-For", "1.1.1.1", httpx.ForwardStandard, "10.0.0.1"},
		{"both", "10.0.0.1:5", "X-Forwarded-For", "1.1.1.1", httpx.ForwardBoth, "1.1.1.1"},
		{"none", "10.0.0.1:5", "X-Forwarded-For", "1.1.1.1", httpx.ForwardNone, "10.0.0.1"},
		{"unix", "@", "X-Forwarded-For", "1.1.1.1", httpx.ForwardX, "invalid IP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tt.peer
			r.Header.Set(tt.header, tt.value)
			f := &httpx.Forwarding{Trusted: trusted, Mode: tt.mode}
			assert.Equal(t, tt.want, f.ClientAddr(r).String())
		})
	}
}

// What the next server is told, by whom the request came from.
func TestForwardingApply(t *testing.T) {
	trust := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	lies := http.Header{
		"X-Forwarded-For": {"1.1.1.1"}, "X-Forwarded-Host": {"h"}, "X-Forwarded-Proto": {"HTTPS"}, "X-Forwarded-Port": {"1"},
		"X-Real-Ip": {"2.2.2.2"}, "X_forwarded_for": {"3.3.3.3"}, "Forwarded": {`for=4.4.4.4;host="a b"`}, "Other": {"kept"},
	}
	for _, tt := range []struct {
		name, peer string
		mode       httpx.ForwardedMode
		want       http.Header
	}{
		{"stranger", "198.51.100.1:5", httpx.ForwardX, http.Header{"X-Forwarded-For": {"198.51.100.1"}, "X-Forwarded-Host": {"example.com"}, "X-Forwarded-Proto": {"http"}}},
		{"proxy", "10.0.0.1:5", httpx.ForwardX, http.Header{"X-Forwarded-For": {"1.1.1.1, 10.0.0.1"}, "X-Forwarded-Host": {"h"}, "X-Forwarded-Proto": {"https"}}},
		{"unix", "@", httpx.ForwardX, http.Header{"X-Forwarded-For": {"unknown"}, "X-Forwarded-Host": {"example.com"}, "X-Forwarded-Proto": {"http"}}},
		{"standard stranger", "[2001:db8::1]:5", httpx.ForwardStandard, http.Header{"Forwarded": {`for="[2001:db8::1]";host=example.com;proto=http`}}},
		{"standard proxy", "10.0.0.1:5", httpx.ForwardStandard, http.Header{"Forwarded": {`for=4.4.4.4;host="a b", for=10.0.0.1;host=example.com;proto=http`}}},
		{"standard unix", "", httpx.ForwardStandard, http.Header{"Forwarded": {`for=unknown;host=example.com;proto=http`}}},
		{"both", "198.51.100.1:5", httpx.ForwardBoth, http.Header{
			"X-Forwarded-For": {"198.51.100.1"}, "X-Forwarded-Host": {"example.com"}, "X-Forwarded-Proto": {"http"},
			"Forwarded": {`for=198.51.100.1;host=example.com;proto=http`},
		}},
		{"both proxy", "10.0.0.1:5", httpx.ForwardBoth, http.Header{ // nothing of the Forwarded that may be the client's own
			"X-Forwarded-For": {"1.1.1.1, 10.0.0.1"}, "X-Forwarded-Host": {"h"}, "X-Forwarded-Proto": {"https"},
			"Forwarded": {`for=1.1.1.1, for=10.0.0.1;host=example.com;proto=http`},
		}},
		{"none", "10.0.0.1:5", httpx.ForwardNone, http.Header{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "http://example.com/", nil)
			r.RemoteAddr, r.Header = tt.peer, lies.Clone()
			out := lies.Clone()
			f := &httpx.Forwarding{Trusted: trust, Mode: tt.mode}
			f.Apply(r, out)
			tt.want["Other"] = []string{"kept"}
			assert.Equal(t, tt.want, out)
			assert.Equal(t, lies, r.Header)
		})
	}
	r := httptest.NewRequest(http.MethodGet, "http://example.com/", nil)
	r.RemoteAddr = "10.0.0.1:5"
	r.Header["X-Forwarded-For"] = []string{`2001:db8::1, evil";for=6.6.6.6, `, "10.2.2.2:80,_x"}
	out := http.Header{}
	(&httpx.Forwarding{Trusted: trust, Mode: httpx.ForwardBoth}).Apply(r, out)
	assert.Equal(t, `for="[2001:db8::1]", for=unknown, for=10.2.2.2, for=unknown, for=10.0.0.1;host=example.com;proto=http`, out.Get("Forwarded"))

	r = httptest.NewRequest(http.MethodGet, "http://example.com/", nil)
	r.TLS = new(tls.ConnectionState)
	out = http.Header{}
	new(httpx.Forwarding).Apply(r, out)
	assert.Equal(t, "https", out.Get("X-Forwarded-Proto"))
	assert.Equal(t, "unknown", httpx.ForwardedMode(9).String())
	assert.Equal(t, "both", httpx.ForwardBoth.String())
}
