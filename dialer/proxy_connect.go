package dialer

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// ProxyStatusError is the answer of an HTTP proxy that does not connect.
type ProxyStatusError struct {
	// StatusCode is its status, for instance 407.
	StatusCode int
}

// Error returns the message, for instance "the proxy answers 407 Proxy
// Authentication Required". The words are not the proxy's.
func (e *ProxyStatusError) Error() string {
	return fmt.Sprintf("the proxy answers %d %s", e.StatusCode, http.StatusText(e.StatusCode))
}

// connectHTTP is the CONNECT of RFC 9110 section 9.3.6. It reads not a byte more
// than the header of the answer: what follows is the target's.
func (h *hop) connectHTTP(conn net.Conn, to endpoint) error {
	if _, err := conn.Write(h.request(to)); err != nil {
		return in("CONNECT", err)
	}
	for size := 0; ; {
		head, err := readHead(conn, h.maxHeader-size)
		if err != nil {
			return in("CONNECT", err)
		}
		size += len(head)
		status, err := parseHead(head)
		switch {
		case err != nil:
			return in("CONNECT", err)
		case status >= 200 && status < 300:
			return nil
		case status < 100 || status >= 200 || status == http.StatusSwitchingProtocols:
			return in("CONNECT", &ProxyStatusError{StatusCode: status})
		}
		// 1xx: the answer is still to come.
	}
}

func (h *hop) request(to endpoint) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", to, to)
	if h.auth {
		credentials := base64.StdEncoding.EncodeToString([]byte(h.user + ":" + h.password))
		fmt.Fprintf(&b, "Proxy-Authorization: Basic %s\r\n", credentials)
	}
	_ = h.header.Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	return b.Bytes()
}

// readHead reads up to and with the empty line. A reader with a buffer would take
// bytes of the target away from the conn.
func readHead(conn net.Conn, limit int) ([]byte, error) {
	head := make([]byte, 0, 256)
	for !ends(head) {
		// Two bytes are the shortest end, "\n\n", unless it has begun already.
		n := 2
		if len(head) > 0 && (head[len(head)-1] == '\n' || bytes.HasSuffix(head, []byte("\n\r"))) {
			n = 1
		}
		if len(head)+n > limit {
			return nil, errLongHead
		}
		head = append(head, make([]byte, n)...)
		if err := readAll(conn, head[len(head)-n:]); err != nil {
			return nil, err
		}
		if len(head) == 2 && string(head) != "HT" {
			return nil, errNotHTTP // it might never send a line
		}
	}
	return head, nil
}

var (
	errNotHTTP  = errors.New("the answer is not HTTP/1")
	errLongHead = errors.New("the header of the answer is longer than MaxHeader")
)

func ends(head []byte) bool {
	return bytes.HasSuffix(head, []byte("\n\n")) || bytes.HasSuffix(head, []byte("\n\r\n"))
}

// parseHead returns the status. The words of http.ReadResponse would repeat
// what the proxy sent.
func parseHead(head []byte) (int, error) {
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), &http.Request{Method: http.MethodConnect})
	if err != nil || r.ProtoMajor != 1 {
		return 0, errNotHTTP
	}
	r.Body.Close()
	return r.StatusCode, nil
}
