package httpx_test

import (
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/httpx"
)

func TestAltSvcField(t *testing.T) {
	const day = 24 * time.Hour
	h3 := httpx.Alternative("h3", "", 443, day, false)
	for field, want := range map[string][]any{
		`h3=":443"`:                          {h3},
		`h3=":443"; ma=60`:                   {httpx.Alternative("h3", "", 443, time.Minute, false)},
		`h3=":443";ma="60" ; persist=1`:      {httpx.Alternative("h3", "", 443, time.Minute, true)},
		`h3=":443"; MA=0; Persist=2`:         {httpx.Alternative("h3", "", 443, 0, false)},
		`h3=":443"; ma=99999999999999999999`: {httpx.Alternative("h3", "", 443, math.MaxInt64, false)},
		`h3="Alt.Example.com:8443"`:          {httpx.Alternative("h3", "alt.example.com", 8443, day, false)},
		`h3="[2001:db8::1]:443"`:             {httpx.Alternative("h3", "2001:db8::1", 443, day, false)},
		`h3="192.0.2.1:443"`:                 {httpx.Alternative("h3", "192.0.2.1", 443, day, false)},
		`h3-29=":443", h3=":443"`:            {httpx.Alternative("h3-29", "", 443, day, false), h3},
		`w%3Dx%3Ay#z=":443"`:                 {httpx.Alternative("w%3Dx%3Ay#z", "", 443, day, false)},
		`h3="\:44\3"`:                        {h3},
		`h3=":443"; x="a, b; c=\"d\""; y=1`:  {h3},
		`h3=":443"; x=""`:                    {h3},
		` , ,h3=":443" ,, `:                  {h3},
		"h3=\":443\"\t;\tma=60":              {httpx.Alternative("h3", "", 443, time.Minute, false)},
		"clear":                              {},
		" clear ":                            {},
	} {
		got, err := httpx.ParseAltSvc([]string{field})
		assert.NoError(t, err, field)
		assert.ElementsMatch(t, want, httpx.Anys(got), field)
	}
	got, err := httpx.ParseAltSvc([]string{`h2=":443"`, `h3=":443"`})
	assert.NoError(t, err)
	assert.Len(t, got, 2, "several lines are one list")
}

func TestAltSvcFieldIsRefused(t *testing.T) {
	for _, field := range []string{
		"", ",", " ", "h3", "h3=", "h3=:443", `h3=":443`, `="":443"`, `h3 =":443"`, `h3= ":443"`, `h3=":443" h2=":443"`,
		`h3=":443" ma=1`, `h3=":443";`, `h3=":443"; ma`, `h3=":443"; ma=`, `h3=":443"; ma=x`, `h3=":443"; ma=-1`, `h3=":443"; ma=1.5`,
		`h3=":443"; ma=""`, `h3=":443"; =1`, `h3=":0"`, `h3=":65536"`, `h3=":+443"`, `h3=":-1"`, `h3=":443x"`, `h3=""`, `h3=":"`, `h3="host"`,
		`h3="a b:443"`, `h3="user@host:443"`, `h3="a/b:443"`, `h3="[::1:443"`, `h3="[1.2.3.4]:443"`, `h3="[fe80::1%eth0]:443"`, `h3="::1:443"`,
		`h3="bücher.example:443"`, `h3=":4` + "\x00" + `43"`, `h3=":443\`, `h3=":443\"`, "Clear", "clear, h3=\":443\"", "h3=\":443\", clear", `h3=":443"; x="`,
	} {
		got, err := httpx.ParseAltSvc([]string{field})
		assert.Error(t, err, field)
		assert.Empty(t, got)
	}
}

func FuzzAltSvc(f *testing.F) {
	for _, s := range []string{
		"clear", `h3=":443"; ma=3600; persist=1, h2="alt.example.com:8000"`, `h3="[::1]:443"`, `h3=":4\43"; x="\"",`, `a%20b="x:1"`, `h3=":443";ma="1`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, field string) {
		list, err := httpx.ParseAltSvc([]string{field})
		if err != nil && list != nil {
			t.Errorf("%q: a list and an error", field)
		}
		if strings.Count(field, "=") < len(list) {
			t.Errorf("%q: %d values", field, len(list))
		}
		for _, a := range list {
			host, port := a.Authority()
			if _, err := netip.ParseAddr(host); port == 0 || a.MaxAge() < 0 || err != nil && slices.ContainsFunc([]byte(host), func(c byte) bool {
				return c <= ' ' || c > '~' || strings.IndexByte(`:/?#[]@"\`, c) >= 0
			}) {
				t.Errorf("%q: %+v", field, a)
			}
		}
	})
}
