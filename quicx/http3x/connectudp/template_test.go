package connectudp_test

import (
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x/connectudp"
)

func TestTemplate(t *testing.T) {
	for _, tt := range []struct{ template, host, want string }{
		{connectudp.DefaultTemplate, "192.0.2.6", "/.well-known/masque/udp/192.0.2.6/443/"},
		{connectudp.DefaultTemplate, "2001:db8::42", "/.well-known/masque/udp/2001%3Adb8%3A%3A42/443/"},
		{"/masque?h={target_host}&p={target_port}", "h.test", "/masque?h=h.test&p=443"},
		{"/proxy{?target_host,target_port}", "::1", "/proxy?target_host=%3A%3A1&target_port=443"},
		{"/proxy?a=b{&target_port,target_host}", "h.test", "/proxy?a=b&target_port=443&target_host=h.test"},
		{"/{target_port}/x.y/{target_host}{?token}", "h.test", "/443/x.y/h.test"},
		{"/{target_host,target_port}", "::1", "/%3A%3A1,443"},
		{"/{target_host}?p={target_port}", "h_1.test.", "/h_1.test.?p=443"},
	} {
		got, err := connectudp.Expand(tt.template, tt.host, "443")
		require.NoError(t, err, tt.template)
		assert.Equal(t, tt.want, got)
		target, err := connectudp.Match(tt.template, got)
		require.NoError(t, err, tt.template)
		assert.Equal(t, net.JoinHostPort(tt.host, "443"), target)
	}
	for _, s := range []string{
		"", "x", "/{target_host}", "/{target_port}", "/{target_host}/{target_port", "/target_host}/{target_port}", "/{}", "/{+target_host}/{target_port}",
		"/{#target_host}/{target_port}", "/{.target_host}/{target_port}", "/{;target_host}/{target_port}", "/{/target_host}/{target_port}",
		"/{target_host:3}/{target_port}", "/{target_host*}/{target_port}", "/{target_host}/{target_port}#x", "/{target_host}{target_host}/{target_port}",
		"/ü{target_host}/{target_port}", "/{target_host}/ {target_port}", "/{target_host}#{target_port}", "/%zz{target_host}/{target_port}",
		"/?a=x{target_host}&b={target_port}", "/?a={target_host}&a={target_port}", "/?{target_host}={target_port}", "/{target_host}/{target_port}?%zz",
		"//h/{target_host}/{target_port}", "//h?a={target_host}&b={target_port}",
		"/0-target-host-0/{target_port}", "/{target_host}/{target_port}?a=%30-target-host-0", "/{target_host}/{target_port}?a=%3{b}0-target-port-0",
		"/" + string(make([]byte, 2000)), "/{target_host}/{target_port}/" + strings.Repeat("x", 1024), "/{" + strings.Repeat("x,", 1<<20),
	} {
		_, err := connectudp.Match(s, "/")
		assert.Error(t, err, s)
	}
	for _, s := range []string{"/masque", "/masque?h=a", "/masque?h=a&h=b&p=1&v=1", "/masque?h=a&p=1&v=2", "/masque?h=a&p=x&v=1", "/masque?h=a;b&p=1&v=1", "/other?h=a&p=1&v=1", "/masque?h=..&p=1&v=1", "/masque?h=&p=1&v=1"} {
		_, err := connectudp.Match("/masque?h={target_host}&p={target_port}&v=1", s)
		assert.Error(t, err, s)
	}
}

// A proxy must not take a part of the port for the host's: h1 and 443 are not h144 and 3.
func TestTemplateWithoutBorder(t *testing.T) {
	for _, s := range []string{
		"/{target_host}{target_port}", "/{target_port}{target_host}", "/{target_host}x1{target_port}", "/{target_port}1x{target_host}",
		"/{target_host}%41{target_port}/",
	} {
		_, err := connectudp.Match(s, "/h1443/")
		assert.ErrorContains(t, err, "beside the port no digit", s)
	}
	for _, s := range []string{"/{target_host}1x{target_port}/", "/{target_port}x1{target_host}/a1", "/1{target_host}-{target_port}1/"} {
		made, err := connectudp.Expand(s, "1x2-3", "443")
		require.NoError(t, err)
		target, err := connectudp.Match(s, made)
		require.NoError(t, err)
		assert.Equal(t, "1x2-3:443", target, s)
	}
}

// Whatever a template is, nothing panics; and what it makes of a target gives the target again.
func FuzzTemplate(f *testing.F) {
	f.Add(connectudp.DefaultTemplate, "h.test", "/.well-known/masque/udp/a/1/")
	f.Add("/m{?target_host,target_port}", "::1", "/m?target_host=a&target_port=1")
	f.Add("/m?h={target_host}&p={target_port}", "192.0.2.1", "/m?h=%31&p=+1")
	f.Add("/0-target-host-0/{target_port}", "h.test", "/h.test/443")
	f.Add("/{target_host}/{target_port}?a=%30-target-host-0", "h.test", "/h.test/443?a=0-target-host-0")
	f.Fuzz(func(t *testing.T, template, host, path string) {
		if target, err := connectudp.Match(template, path); err == nil {
			_, _, err := net.SplitHostPort(target)
			require.NoError(t, err)
		}
		made, err := connectudp.Expand(template, host, "443")
		if err != nil {
			return
		}
		u, err := url.ParseRequestURI(made)
		if err != nil {
			return
		}
		if target, err := connectudp.Match(template, u.RequestURI()); err == nil {
			require.Equal(t, net.JoinHostPort(host, "443"), target)
		}
	})
}
