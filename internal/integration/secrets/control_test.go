package secrets_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A leak that is planted is found, in each form and at each depth. Without this,
// that nothing is found would mean nothing.
func TestPlantedLeaks(t *testing.T) {
	type config struct {
		Name string
		Key  []byte
	}
	deep := fmt.Errorf("open: %w", errors.Join(errors.New("x"), errors.New("password "+canary[4:13]+" is wrong")))
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + canary))
	for name, v := range map[string]any{
		"an error":           fmt.Errorf("bad key %s", canary),
		"in quotes":          fmt.Errorf("bad key %q", canary),
		"in hex":             fmt.Errorf("bad key %x", canary),
		"in HEX":             fmt.Errorf("bad key %X", canary),
		"a part":             deep,
		"only what is wraps": hiding{deep},
		"an URL":             &url.Error{Op: "parse", URL: "http://u:" + url.QueryEscape(canary) + "@x", Err: errors.New("x")},
		"user of an URL":     url.UserPassword("u", canary),
		"basic":              errors.New(basic),
		"basic, other shift": errors.New(base64.StdEncoding.EncodeToString([]byte("user1:" + canary))),
		"a config":           config{Key: []byte(canary)},
		"a config's pointer": &config{Name: canary},
	} {
		t.Run(name, func(t *testing.T) {
			assert.False(t, assertHidden(&testing.T{}, v))
		})
	}
	assert.True(t, assertHidden(t, errors.New("the password is wrong")))
}

// hiding shows nothing of what it wraps.
type hiding struct{ error }

func (hiding) Error() string   { return "hidden" }
func (h hiding) Unwrap() error { return h.error }
