package http3x

import (
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/quic-go/quic-go/http3"
)

// AcceptExtended answers an extended CONNECT with 200 and what is in w.Header(),
// and takes its stream over. Which protocols are welcome is the handler's
// decision before, see [ExtendedProtocol]; for WebSocket it also looks at the
// origin, and sets Sec-WebSocket-Protocol if it speaks one of the client's.
//
// The handler closes the conn, and should return after that only: servers count
// a request by its handler, and wait for that in a shutdown.
//
// A ResponseWriter that is not of HTTP/3 is errors.ErrUnsupported; nothing was
// sent then.
func AcceptExtended(w http.ResponseWriter, r *http.Request) (*ExtendedConn, error) {
	if ExtendedProtocol(r) == "" {
		return nil, configError("request", r.Method+" "+r.Proto, errNotExtended)
	}
	streamer, settings := unwrapWriter(w)
	if streamer == nil || settings == nil {
		return nil, extendedError(r, fmt.Errorf("%T is no http3.HTTPStreamer: %w", w, errors.ErrUnsupported))
	}
	w.WriteHeader(http.StatusOK)
	stream, err := streamer.HTTPStream()
	if err != nil {
		return nil, extendedError(r, err)
	}
	c := &ExtendedConn{stream: stream, settings: settings, request: r, cancel: http3.ErrCodeNoError}
	c.local, _ = r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	c.remote, _ = r.Context().Value(http3.RemoteAddrContextKey).(net.Addr)
	return c, nil
}

// unwrapWriter looks below what middleware has put around the writer, as
// http.ResponseController does.
func unwrapWriter(w http.ResponseWriter) (http3.HTTPStreamer, http3.Settingser) {
	for {
		streamer, ok := w.(http3.HTTPStreamer)
		if ok {
			settings, _ := w.(http3.Settingser)
			return streamer, settings
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil, nil
		}
		w = u.Unwrap()
	}
}
