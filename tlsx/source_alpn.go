package tlsx

import (
	"crypto/tls"
	"reflect"
)

// nextProtos returns NextProtos of the config that a hello came to, which may
// be a clone: net/http adds to its own what it serves. crypto/tls knows it in a
// field that is not exported and that nothing returns, so that it is read by
// reflection, which is safe. Not ok: there is no such field in this release of
// Go, and Config.ALPN is all that is known.
func nextProtos(hello *tls.ClientHelloInfo) (protos []string, ok bool) {
	config := reflect.ValueOf(hello).Elem().FieldByName("config")
	if !config.IsValid() || config.Type() != reflect.TypeFor[*tls.Config]() || config.IsNil() {
		return nil, false
	}
	list := config.Elem().FieldByName("NextProtos")
	for i := range list.Len() {
		protos = append(protos, list.Index(i).String())
	}
	return protos, true
}
