package dialer_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

func parseRewrites(t testing.TB, texts ...string) []dialer.Rewrite {
	t.Helper()
	rules := make([]dialer.Rewrite, 0, len(texts))
	for _, text := range texts {
		r, err := dialer.ParseRewrite(text)
		require.NoError(t, err)
		rules = append(rules, r)
	}
	return rules
}

func TestParseRewrite(t *testing.T) {
	for text, want := range map[string]dialer.Rewrite{
		"(tcp|example.com:80) (unix|/var/run/example.sock)": {"tcp", "example.com:80", "unix", "/var/run/example.sock"},
		"(unix|/a b/c (1)|d.sock) (tcp|[::1]:80)":           {"unix", "/a b/c (1)|d.sock", "tcp", "[::1]:80"},
		"(unix|@a) (unix| /leading and trailing )":          {"unix", "@a", "unix", " /leading and trailing "},
		"(tcp|*:*) (tcp|*:8080)":                            {"tcp", "*:*", "tcp", "*:8080"},
		"(tcp4|*.example.com:https) (tcp6|*:*)":             {"tcp4", "*.example.com:https", "tcp6", "*:*"},
		"(udp|:53) (unixgram|/dns)":                         {"udp", ":53", "unixgram", "/dns"},
		"(unixpacket|/a) (unixpacket|/b)":                   {"unixpacket", "/a", "unixpacket", "/b"},
	} {
		t.Run(text, func(t *testing.T) {
			r, err := dialer.ParseRewrite(text)
			require.NoError(t, err)
			assert.Equal(t, want, r)
			assert.Equal(t, text, r.String())
		})
	}
	r, err := dialer.ParseRewrite("\t(tcp|a:1) \t (tcp|b:2)\n")
	require.NoError(t, err)
	assert.Equal(t, "(tcp|a:1) (tcp|b:2)", r.String())
}

func TestParseRewriteRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "must be of the form",
		"(tcp|a:1)":                       "must be of the form",
		"(tcp|a:1)(tcp|b:1)":              "must be of the form",
		"tcp|a:1 tcp|b:1":                 "must be of the form",
		"(tcp|a:1) (sctp|b:1)":            "must be of the form",
		"(tcp a:1) (tcp|b:1)":             "is not of the form network|address",
		"(sctp|a:1) (tcp|b:1)":            "unknown network sctp",
		"(tcp|a:1) (ip|b)":                "rules for network ip",
		"(|a:1) (tcp|b:1)":                "unknown network",
		"(unix|/a) (unix|/b) (unix|/c)":   "not clear where the first target ends",
		"(tcp|a:1) (udp|a:1)":             "network tcp carries streams, udp carries datagrams",
		"(unix|/a) (unixpacket|/a)":       "unix carries streams, unixpacket carries packets in order",
		"(ip|a) (ip|b)":                   "rules for network ip",
		"(tcp|a) (tcp|b:1)":               `address "a": must be host:port`,
		"(tcp|a:1) (tcp|b)":               `address "b": must be host:port`,
		"(tcp|a:70000) (tcp|b:1)":         `port "70000" is neither`,
		"(tcp|a:) (tcp|b:1)":              `port "" is neither`,
		"(tcp|a:1) (tcp|b:nosuchservice)": `port "nosuchservice" is neither`,
		"(tcp|a:-1) (tcp|b:1)":            `port "-1" is neither`,
		"(tcp|a b:1) (tcp|b:1)":           `"a b" is not a host`,
		"(tcp|.a:1) (tcp|b:1)":            `".a" is not a host`,
		"(tcp|*..a:1) (tcp|b:1)":          `".a" is not a host`,
		"(tcp|a:1) (tcp|b/c:1)":           `"b/c" is not a host`,
		"(tcp|a.*:1) (tcp|b:1)":           "stands for a whole host",
		"(tcp|a*:1) (tcp|b:1)":            "stands for a whole host",
		"(tcp|*.:1) (tcp|b:1)":            "needs a name after it",
		"(tcp|*.0.0.1:1) (tcp|b:1)":       "needs a name after it",
		"(tcp|[*.::1]:1) (tcp|b:1)":       "needs a name after it",
		"(tcp|a:1) (tcp|*.b:1)":           "stands for a whole host",
		"(tcp|[::g]:1) (tcp|b:1)":         "is not an IP literal",
		"(tcp|a:1) (tcp|[1:2]:1)":         "is not an IP literal",
		"(tcp|a:1) (tcp4|[::1]:1)":        "not an address of network tcp4",
		"(tcp|a:1) (tcp6|127.0.0.1:1)":    "not an address of network tcp6",
		"(unix|/a) (tcp|*:1)":             `a path has no host and port`,
		"(unix|/a) (tcp|a:*)":             `a path has no host and port`,
		"(unix|) (tcp|a:1)":               "the path is empty",
		"(unix|/a\x00) (tcp|a:1)":         "NUL byte",
		"(tcp|a:1) (unix|)":               "the path is empty",
		"(tcp|" + strings.Repeat("a", 256) + ":1) (tcp|b:1)": "longer than 255 bytes",
	} {
		t.Run(text, func(t *testing.T) {
			r, err := dialer.ParseRewrite(text)
			assert.ErrorContains(t, err, want)
			e := failure(t, err)
			assert.Equal(t, "parse", e.Op)
			assert.Equal(t, "Rewrite", e.Field)
			assert.Equal(t, text, e.Value)
			assert.Zero(t, r)
		})
	}
	_, err := dialer.ParseRewrite("(ip:1|a) (ip|b)")
	var unknown net.UnknownNetworkError
	assert.ErrorAs(t, err, &unknown)
	_, err = dialer.ParseRewrite("(ip4|a) (ip4|b)")
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}

// TestRewriteMatching dials nothing: it asks the compiled table.
func TestRewriteMatching(t *testing.T) {
	for _, test := range []struct {
		name  string
		rules []string
		want  map[string]string // the dialled target and where it leads, "" for as it is
	}{
		{"nothing", nil, map[string]string{"tcp|a:1": "", "unix|/a": ""}},
		{"no target", []string{"(tcp|*:*) (tcp|b:1)"}, map[string]string{"tcp|a": "", "tcp|" + strings.Repeat("a", 256) + ":1": "", "|": "", "tcp|": ""}},
		{"one hop and swaps", []string{"(tcp|a:1) (tcp|b:1)", "(tcp|b:1) (tcp|a:1)", "(tcp|c:1) (tcp|a:1)"}, map[string]string{
			"tcp|a:1": "tcp|b:1", "tcp|b:1": "tcp|a:1", "tcp|c:1": "tcp|a:1", "tcp|d:1": "", "tcp|a:2": "",
		}},
		{"case, dot and service", []string{"(tcp|Service.Test.:http) (tcp|b:1)"}, map[string]string{
			"tcp|service.test:80": "tcp|b:1", "tcp|SERVICE.test.:HTTP": "tcp|b:1", "tcp|service.test:080": "tcp|b:1",
			"tcp|service.test..:80": "", "tcp|service.test:81": "", "tcp|service.test:nosuchservice": "", "tcp|service.test:": "",
		}},
		{"notation of addresses", []string{"(tcp|[2001:DB8:0::1]:1) (tcp|b:1)", "(tcp|[::ffff:192.0.2.1]:1) (tcp|c:1)", "(tcp|[fe80::1%eth0]:1) (tcp|d:1)"}, map[string]string{
			"tcp|[2001:db8::1]:1": "tcp|b:1", "tcp|[2001:0db8:0000::0001]:1": "tcp|b:1", "tcp|[2001:db8::2]:1": "",
			"tcp|192.0.2.1:1": "tcp|c:1", "tcp|[::FFFF:c000:201]:1": "tcp|c:1",
			"tcp|[FE80::1%eth0]:1": "tcp|d:1", "tcp|[fe80::1]:1": "", "tcp|[fe80::1%eth1]:1": "",
		}},
		{"networks", []string{"(tcp|a:1) (tcp|b:1)", "(tcp4|a:2) (tcp|b:2)", "(tcp6|a:3) (tcp4|b:3)", "(udp|a:4) (udp|b:4)"}, map[string]string{
			"tcp|a:1": "tcp|b:1", "tcp4|a:1": "tcp4|b:1", "tcp6|a:1": "tcp6|b:1", "udp|a:1": "",
			"tcp|a:2": "", "tcp4|a:2": "tcp4|b:2", "tcp6|a:2": "",
			"tcp|a:3": "", "tcp6|a:3": "tcp4|b:3",
			"udp6|a:4": "udp6|b:4", "tcp|a:4": "", "ip:1|a:4": "", "nonsense|a:1": "",
		}},
		{"unix", []string{"(unix|/a b) (tcp|c:1)", "(unixgram|/a b) (udp|c:2)", "(tcp|d:1) (unix|/x y)", "(unix|/x) (unix|/y)", "(unix|/y) (unix|/x)"}, map[string]string{
			"unix|/a b": "tcp|c:1", "unix|/A b": "", "unix|/a b ": "", "unixgram|/a b": "udp|c:2", "unixpacket|/a b": "",
			"tcp|d:1": "unix|/x y", "tcp4|d:1": "unix|/x y", "unix|/x": "unix|/y", "unix|/y": "unix|/x",
			"unix|/" + strings.Repeat("x", 1000): "",
		}},
		{"any port and host", []string{"(tcp|*:443) (tcp|proxy:*)", "(tcp|a:*) (tcp|b:*)", "(udp|*:*) (udp|*:53)"}, map[string]string{
			"tcp|x:https": "tcp|proxy:https", "tcp|[2001:DB8::1]:443": "tcp|proxy:443", "tcp|:443": "tcp|proxy:443", "tcp|x:80": "",
			"tcp|a:443": "tcp|b:443", "tcp|a:80": "tcp|b:80", "udp4|Name:1": "udp4|Name:53", "udp|[::1]:1": "udp|[::1]:53",
		}},
		{"below a name", []string{"(tcp|*.Example.com.:80) (tcp|b:*)"}, map[string]string{
			"tcp|a.example.com:80": "tcp|b:80", "tcp|x.y.z.example.COM.:80": "tcp|b:80", "tcp|example.com:80": "", "tcp|.example.com:80": "",
			"tcp|notexample.com:80": "", "tcp|a.example.com:81": "", "tcp|a.example.com.net:80": "", "tcp|com:80": "",
		}},
		{"addresses are below no name", []string{"(tcp|*.eth0:80) (tcp|b:80)"}, map[string]string{"tcp|[fe80::1%x.eth0]:80": "", "tcp|x.eth0:80": "tcp|b:80"}},
		{"the host decides first", []string{
			"(tcp|*:*) (tcp|1:1)", "(tcp|*:80) (tcp|2:1)", "(tcp4|*:80) (tcp|3:1)", "(tcp|*.b.c:*) (tcp|4:1)", "(tcp|*.b.c:80) (tcp|5:1)",
			"(tcp|*.a.b.c:*) (tcp|6:1)", "(tcp|x.a.b.c:*) (tcp|7:1)", "(tcp4|x.a.b.c:*) (tcp|8:1)", "(tcp|x.a.b.c:80) (tcp|9:1)", "(tcp4|x.a.b.c:80) (tcp|10:1)",
		}, map[string]string{
			"tcp|z:1": "tcp|1:1", "tcp|z:80": "tcp|2:1", "tcp4|z:80": "tcp4|3:1", "tcp6|z:80": "tcp6|2:1",
			"tcp|z.b.c:1": "tcp|4:1", "tcp|z.b.c:80": "tcp|5:1", "tcp|z.a.b.c:80": "tcp|6:1",
			"tcp|x.a.b.c:1": "tcp|7:1", "tcp4|x.a.b.c:1": "tcp4|8:1", "tcp|x.a.b.c:80": "tcp|9:1", "tcp4|x.a.b.c:80": "tcp4|10:1",
		}},
		{"a less specific one takes what the other leaves", []string{"(tcp|*.a.b:80) (tcp|1:1)", "(tcp|*.b:81) (tcp|2:1)", "(tcp6|x.a.b:81) (tcp|3:1)"}, map[string]string{
			"tcp|x.a.b:80": "tcp|1:1", "tcp|x.a.b:81": "tcp|2:1", "tcp6|x.a.b:81": "tcp6|3:1", "tcp|x.a.b:82": "",
		}},
		{"said twice", []string{"(tcp|a:80) (tcp|b:1)", "(tcp|A.:http) (tcp|b:1)", "(unix|/a) (unix|/b)", "(unix|/a) (unix|/b)"}, map[string]string{"tcp|a:80": "tcp|b:1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, target, err := dialer.FindRewrite(parseRewrites(t, test.rules...))
			require.NoError(t, err)
			for from, want := range test.want {
				network, address, _ := strings.Cut(from, "|")
				assert.Equal(t, want, target(network, address), from)
			}
		})
	}
}

func TestRulesThatContradictEachOther(t *testing.T) {
	for _, rules := range [][]string{
		{"(tcp|a:80) (tcp|b:1)", "(tcp|A.:http) (tcp|b:2)"},
		{"(tcp|[::ffff:127.0.0.1]:80) (tcp|b:1)", "(tcp|127.0.0.1:80) (tcp4|b:1)"},
		{"(tcp4|*:*) (tcp|b:1)", "(tcp4|*:*) (tcp|b:2)"},
		{"(tcp6|*.a:*) (tcp|b:1)", "(tcp6|*.A:*) (tcp|b:2)"},
		{"(unix|/a) (unix|/b)", "(unix|/a) (unix|/c)"},
	} {
		_, err := dialer.New(&dialer.Config{Rewrites: parseRewrites(t, rules...)})
		e := failure(t, err)
		assert.Equal(t, dialer.Error{Op: "config", Field: "Rewrites[1]", Value: rules[1], Err: e.Err}, *e)
		assert.ErrorContains(t, err, "another rule leads the same target to ")
	}
	_, err := dialer.New(&dialer.Config{Rewrites: parseRewrites(t, "(tcp|a:1) (tcp|b:1)", "(tcp4|a:1) (tcp|c:1)", "(tcp6|a:1) (tcp|d:1)", "(udp|a:1) (udp|e:1)")})
	assert.NoError(t, err)
}

// thousand returns rules of all kinds.
func thousand(t testing.TB) []dialer.Rewrite {
	t.Helper()
	var rules []string
	for i := range 250 {
		rules = append(rules,
			fmt.Sprintf("(tcp|host%d.example.com:80) (unix|/run/%d.sock)", i, i),
			fmt.Sprintf("(tcp|*.zone%d.example.com:443) (tcp|127.0.0.1:%d)", i, 1000+i),
			fmt.Sprintf("(tcp|[2001:db8::%x]:80) (tcp|127.0.0.1:80)", i+1),
			fmt.Sprintf("(unix|/run/from%d.sock) (unix|/run/to%d.sock)", i, i))
	}
	return parseRewrites(t, rules...)
}

// targets are the kinds of lookups in a thousand rules, and whether a rule is found.
var targets = []struct {
	name, network, address string
	found                  bool
}{
	{"name", "tcp", "HOST125.Example.com:80", true},
	{"below a name", "tcp4", "www.zone125.example.com:443", true},
	{"IPv6", "tcp", "[2001:DB8:0:0::7D]:80", true},
	{"unix", "unix", "/run/from125.sock", true},
	{"no rule", "tcp", "a.long.name.that.has.no.rule.example.com:443", false},
	{"IPv4 without a rule", "tcp", "192.0.2.1:443", false},
	{"a network without rules", "udp", "192.0.2.1:443", false},
}

func BenchmarkRewriteLookup(b *testing.B) {
	find, _, err := dialer.FindRewrite(thousand(b))
	require.NoError(b, err)
	for _, target := range targets {
		b.Run(target.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				find(target.network, target.address)
			}
		})
	}
}

func TestRewriteLookupAllocatesNothing(t *testing.T) {
	find, _, err := dialer.FindRewrite(thousand(t))
	require.NoError(t, err)
	for _, target := range targets {
		assert.Equal(t, target.found, find(target.network, target.address), target.name)
		assert.Zero(t, testing.AllocsPerRun(100, func() { find(target.network, target.address) }), target.name)
	}
}

func FuzzParseRewrite(f *testing.F) {
	for _, seed := range []string{
		"(tcp|example.com:80) (unix|/var/run/example.sock)", "(tcp|*:*) (tcp|*:*)", "(unix|/a) (b) (unix|/c)", "(tcp|[::1%a]:http) (tcp6|[::1]:1)",
		"(tcp|*.a.b:443) (tcp4|127.0.0.1:*)", "(udp|[::ffff:1.2.3.4]:53) (unixgram|@x)", "(tcp||)", "((|)) ((|))", "(tcp|.0:0) (tcp|:0)",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := dialer.ParseRewrite(s)
		if err != nil {
			require.Zero(t, r)
			failure(t, err)
			return
		}
		again, err := dialer.ParseRewrite(r.String())
		require.NoError(t, err)
		require.Equal(t, r, again)
		_, target, err := dialer.FindRewrite([]dialer.Rewrite{r, again})
		require.NoError(t, err)
		if !strings.Contains(r.FromAddress, "*") { // what it says to match is matched
			require.NotEmpty(t, target(r.FromNetwork, r.FromAddress))
		}
	})
}
