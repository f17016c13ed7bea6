package dtlsx_test

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/dtlsx"
)

// TestTheLibraryKeepsItsCookieThere fails when a new release of pion/dtls has
// moved the field: then the listener falls back to conns for unproven clients.
func TestTheLibraryKeepsItsCookieThere(t *testing.T) {
	assert.True(t, dtlsx.FindCookie(reflect.TypeFor[dtls.Conn]()))
	type state struct{ cookie []byte }
	type other struct{ cookie string }
	for name, c := range map[string]struct {
		t    reflect.Type
		want bool
	}{
		"there":        {reflect.TypeFor[struct{ state state }](), true},
		"no state":     {reflect.TypeFor[struct{ State state }](), false},
		"not a struct": {reflect.TypeFor[struct{ state *state }](), false},
		"no cookie":    {reflect.TypeFor[struct{ state struct{ biscuit []byte } }](), false},
		"not bytes":    {reflect.TypeFor[struct{ state other }](), false},
	} {
		assert.Equal(t, c.want, dtlsx.FindCookie(c.t), name)
	}
	_, _ = state{}.cookie, other{}.cookie
}

func TestCookies(t *testing.T) {
	now := time.Unix(1000, 0)
	b := dtlsx.NewBakery(func() time.Time { return now })
	a1, a2 := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.1:2")
	cookie := b.Bake(a1, 0xfefd, 1, "session")
	assert.Len(t, cookie, 20)
	assert.True(t, b.Takes(a1, 0xfefd, 1, "session", cookie))
	assert.False(t, b.Takes(a2, 0xfefd, 1, "session", cookie), "port")
	assert.False(t, b.Takes(netip.MustParseAddrPort("192.0.2.2:1"), 0xfefd, 1, "session", cookie), "address")
	assert.False(t, b.Takes(a1, 0xfeff, 1, "session", cookie), "version")
	assert.False(t, b.Takes(a1, 0xfefd, 2, "session", cookie), "random")
	assert.False(t, b.Takes(a1, 0xfefd, 1, "sessions", cookie), "session")
	assert.False(t, b.Takes(a1, 0xfefd, 1, "session", cookie[:19]), "cut")
	assert.False(t, b.Takes(a1, 0xfefd, 1, "session", nil), "none")
	assert.False(t, dtlsx.NewBakery(time.Now).Takes(a1, 0xfefd, 1, "session", cookie), "of another listener")

	now = now.Add(61 * time.Second)
	assert.True(t, b.Takes(a1, 0xfefd, 1, "session", cookie), "one generation old")
	assert.NotEqual(t, cookie, b.Bake(a1, 0xfefd, 1, "session"))
	now = now.Add(60 * time.Second)
	assert.False(t, b.Takes(a1, 0xfefd, 1, "session", cookie), "two generations old")

	cookie = b.Bake(a1, 0xfefd, 1, "session")
	now = now.Add(time.Hour) // nobody came for long
	assert.False(t, b.Takes(a1, 0xfefd, 1, "session", cookie))
}
