package httpx

import (
	"io"
	"net/http"
)

// Offers is the reading of a server's settings, and WebSocketAccept the answer to a key.
var (
	Offers          = offers
	WebSocketAccept = webSocketAccept
)

// StreamConn is the client's end of a tunnel over HTTP/2.
func StreamConn(w http.ResponseWriter, r *http.Request) io.ReadWriteCloser {
	return &streamConn{ReadCloser: r.Body, w: w, control: http.NewResponseController(w)}
}
