package connectudp

import (
	"io"
	"net/url"
)

// Expand is what a client does with a template.
func Expand(s, host, port string) (string, error) {
	t, err := parseTemplate(s)
	if err != nil {
		return "", err
	}
	return t.expand(host, port), nil
}

// Match is what a proxy does with one.
func Match(s, uri string) (string, error) {
	m, err := (&HandlerConfig{Template: s}).matcher()
	if err != nil {
		return "", err
	}
	u, err := url.ParseRequestURI(uri)
	if err != nil {
		return "", err
	}
	return m.target(u)
}

// Queued returns how many datagrams wait for a Read.
func Queued(c *Conn) int { return len(c.in) }

// Receive hands the payloads of capsules to deliver.
func Receive(from io.Reader, deliver func([]byte) error) error {
	return new(flow).receiveCapsules(from, deliver)
}
