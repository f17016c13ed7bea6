package secrets_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// canary stands in for every secret. No part of it is a word that an output has
// by chance, and some of it has to be escaped in URLs and in quotes.
const canary = `Kq7WzvR9tT2"mB5nX8%cL4hJ6yG3`

// window is how many letters of a form in a row are a leak: much more than
// chance, and less than what a cut or a line break leaves of a secret.
const window = 8

// leaks are all windows of all forms that the canary can take.
var leaks = windows(forms())

func forms() []string {
	b := []byte(canary)
	list := []string{
		canary, hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)),
		url.QueryEscape(canary), url.PathEscape(canary), url.UserPassword("u", canary).String()[2:],
		fmt.Sprintf("%q", canary), fmt.Sprint(b), fmt.Sprintf("%#v", b), fmt.Sprintf("% x", b),
		fmt.Sprintf("%q", fmt.Sprintf("%q", canary)),
	}
	for skip := range 3 { // what stands in front of it shifts the letters of base64
		list = append(list, base64.RawStdEncoding.EncodeToString(b[skip:len(b)-(len(b)-skip)%3]),
			base64.RawURLEncoding.EncodeToString(b[skip:len(b)-(len(b)-skip)%3]))
	}
	return list
}

func windows(forms []string) map[string]bool {
	all := map[string]bool{}
	for _, form := range forms {
		width := window
		if strings.ContainsAny(form, " ,") { // lists of numbers repeat more
			width = 3 * window
		}
		for i := range len(form) - width + 1 {
			all[form[i:i+width]] = true
		}
	}
	return all
}

// leaked returns the first part of the canary that text has, "" for none.
func leaked(text string) string {
	for _, width := range []int{window, 3 * window} {
		for i := range max(0, len(text)-width+1) {
			if leaks[text[i:i+width]] {
				return text[i : i+width]
			}
		}
	}
	return ""
}

// clean are texts that have been looked at: most errors are printed alike by
// most verbs, and many inputs fail alike.
var clean = map[string]bool{}

func cached(text string) string {
	if clean[text] {
		return ""
	}
	part := leaked(text)
	clean[text] = part == ""
	return part
}

// outputs are what programs print of a value.
func outputs(v any) []string {
	var list []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s"} {
		list = append(list, fmt.Sprintf(verb, v))
	}
	if text, err := json.Marshal(v); err == nil {
		list = append(list, string(text))
	}
	var log bytes.Buffer
	timeless := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	slog.New(slog.NewTextHandler(&log, timeless)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&log, timeless)).Info("x", "v", v)
	return append(list, log.String())
}

// assertHidden fails if the canary is in what is printed of v or, if that is an
// error, of one that it wraps.
func assertHidden(t *testing.T, v any, about ...any) bool {
	t.Helper()
	for _, text := range outputs(v) {
		if part := cached(text); part != "" {
			return assert.Fail(t, "a secret is shown", "%v: %q of it in %T: %s", about, part, v, text)
		}
	}
	ok := true
	if err, is := v.(error); is {
		for _, inner := range causes(err) {
			ok = assertHidden(t, inner, about...) && ok
		}
	}
	return ok
}

// causes returns what err wraps itself.
func causes(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if inner := errors.Unwrap(err); inner != nil {
		return []error{inner}
	}
	return nil
}
