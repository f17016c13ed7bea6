package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/quic-go/webtransport-go"
)

// client is a session with its transport.
type client struct {
	transport *webtransport.Transport
	session   *webtransport.Session
}

func dial(ctx context.Context, url string, config *tls.Config) (*client, error) {
	t := &webtransport.Transport{TLSClientConfig: config, QUICConfig: quicConfig()}
	response, session, err := t.Dial(ctx, url, nil) //nolint:bodyclose // it is the session
	if err != nil {
		if response != nil {
			err = fmt.Errorf("%s: %w", response.Status, err)
		}
		return nil, errors.Join(err, t.Close())
	}
	return &client{transport: t, session: session}, nil
}

// stream sends text on a stream of its own and returns what comes back.
func (c *client) stream(ctx context.Context, text string) (string, error) {
	s, err := c.session.OpenStreamSync(ctx)
	if err != nil {
		return "", err
	}
	deadline, ok := ctx.Deadline()
	if ok {
		if err := s.SetDeadline(deadline); err != nil {
			return "", err
		}
	}
	if _, err := io.WriteString(s, text); err != nil {
		return "", err
	}
	if err := s.Close(); err != nil {
		return "", err
	}
	b, err := io.ReadAll(s)
	return string(b), err
}

// datagram sends text in a datagram until one comes back: they may get lost.
func (c *client) datagram(ctx context.Context, text string) (string, error) {
	const patience = 200 * time.Millisecond
	for {
		if err := c.session.SendDatagram([]byte(text)); err != nil {
			return "", err
		}
		wait, cancel := context.WithTimeout(ctx, patience)
		b, err := c.session.ReceiveDatagram(wait)
		cancel()
		if err == nil || wait.Err() == nil || ctx.Err() != nil {
			return string(b), err
		}
	}
}

// Close ends the session and the QUIC conn.
func (c *client) Close() error {
	return errors.Join(c.session.CloseWithError(0, ""), c.transport.Close())
}
