package dtlsx

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/pion/dtls/v3"
)

// The library has no way in for a cookie of ours: it makes 20 random bytes for
// each conn, and so needs a conn, with goroutines and buffers, for every
// ClientHello, forged ones too. What it offers does not lead around that:
//   - WithInsecureSkipVerifyHello leaves the cookies to others, but then the
//     server counts its messages from 0, and a client that has had a
//     HelloVerifyRequest expects a ServerHello with number 1. The numbers are
//     hashed into Finished (RFC 6347, section 4.2.6), so that changing them on
//     the way breaks the handshake.
//   - The cookie is hashed as well: exchanging ours for the library's on the way
//     breaks it too.
//   - A second HelloVerifyRequest, by the library, would need numbers that it
//     does not have either, and clients differ about it.
//   - The hooks see messages, not their numbers; Resume takes states of finished
//     handshakes only.
//
// So a client that has returned our cookie gets a conn, which is fed with the
// ClientHello without cookie first. The library answers with a
// HelloVerifyRequest, which is kept back, and at that moment our cookie is
// written over the bytes of the library's. Then the real ClientHello follows,
// and everything in the transcript is what the client has seen.
//
// This is one field, read by reflection without package unsafe, and it is
// written in the goroutine that reads it next. Before it is written, it must
// have the cookie of the kept-back message: another version of the library can
// make the handshake fail, not wrong. Where the field is missing the listener
// works without: see Stats.Stateless.

var errNoCookie = errors.New("the DTLS library keeps its cookie elsewhere")

// cookieField is where a dtls.Conn has its cookie, nil if it is not found.
var cookieField = findCookie(reflect.TypeFor[dtls.Conn]())

func findCookie(conn reflect.Type) []int {
	state, ok := conn.FieldByName("state")
	if !ok || state.Type.Kind() != reflect.Struct {
		return nil
	}
	cookie, ok := state.Type.FieldByName("cookie")
	if !ok || cookie.Type != reflect.TypeFor[[]byte]() {
		return nil
	}
	return append(append([]int{}, state.Index...), cookie.Index...)
}

// setCookie makes a conn expect a cookie, where it has sent another one.
func setCookie(c *dtls.Conn, sent, cookie []byte) error {
	field := reflect.ValueOf(c).Elem().FieldByIndex(cookieField).Bytes()
	if len(field) != len(cookie) || !bytes.Equal(field, sent) {
		return fmt.Errorf("%w: %d bytes there, %d sent", errNoCookie, len(field), len(sent))
	}
	copy(field, cookie)
	return nil
}
