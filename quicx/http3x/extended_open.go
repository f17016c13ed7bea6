package http3x

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

const (
	maxRefusal     = 4 << 10         // what is kept of the body of a refusal
	refusalTimeout = 5 * time.Second // and how long it may take
	maxInformation = 5               // 1xx responses, as in quic-go
)

// OpenExtended sends an extended CONNECT over a conn of the caller's, for which
// [http3.Transport.NewClientConn] is. It waits for the SETTINGS of the server,
// and fails with errors.ErrUnsupported when extended CONNECT is not among them.
// The context of the request is for the opening only.
//
// A response other than 2xx is an error, and is returned with it: at most 4 KiB
// of its body are there, and it needs no Close.
func OpenExtended(c *http3.ClientConn, r *http.Request) (*ExtendedConn, *http.Response, error) {
	if ExtendedProtocol(r) == "" || r.URL == nil {
		return nil, nil, configError("request", r.Method+" "+r.Proto, errNotExtended)
	}
	stream, err := openExtended(c, r)
	if err != nil {
		return nil, nil, extendedError(r, err)
	}
	return connectExtended(c, stream, r)
}

// openExtended opens the stream when the server has said that it may be used.
func openExtended(c *http3.ClientConn, r *http.Request) (*http3.RequestStream, error) {
	ctx := r.Context()
	select {
	case <-c.ReceivedSettings():
	case <-c.Context().Done():
		return nil, &unusableError{context.Cause(c.Context())}
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if !c.Settings().EnableExtendedConnect {
		return nil, errNoExtended
	}
	stream, err := c.OpenRequestStream(ctx)
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, &unusableError{err}
	}
	return stream, nil
}

// connectExtended sends the request and waits for the response.
func connectExtended(c *http3.ClientConn, stream *http3.RequestStream, r *http.Request) (*ExtendedConn, *http.Response, error) {
	ctx := r.Context()
	stop := context.AfterFunc(ctx, func() { cancelStream(stream) })
	response, err := exchangeExtended(stream, r)
	if err == nil && (response.StatusCode < 200 || response.StatusCode > 299) {
		err = refusal(stream, response)
	}
	if err == nil && stop() {
		return &ExtendedConn{
			stream: stream, settings: c, request: r, local: c.LocalAddr(), remote: c.RemoteAddr(),
			cancel: http3.ErrCodeRequestCanceled,
		}, response, nil
	}
	stop()
	cancelStream(stream)
	if ctx.Err() != nil {
		return nil, nil, extendedError(r, context.Cause(ctx))
	}
	return nil, response, extendedError(r, err)
}

// exchangeExtended returns the response that is not informational.
func exchangeExtended(stream *http3.RequestStream, r *http.Request) (*http.Response, error) {
	if err := stream.SendRequestHeader(r); err != nil {
		return nil, err
	}
	for range maxInformation + 1 {
		response, err := stream.ReadResponse()
		if err != nil {
			return nil, err
		}
		if response.StatusCode >= 200 || response.StatusCode == http.StatusSwitchingProtocols {
			response.Request = r
			return response, nil
		}
	}
	return nil, errors.New("too many informational responses")
}

// refusal keeps the beginning of the body.
func refusal(stream *http3.RequestStream, response *http.Response) error {
	_ = stream.SetReadDeadline(time.Now().Add(refusalTimeout))
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxRefusal)) // what has come is enough
	response.Body = io.NopCloser(bytes.NewReader(text))
	return fmt.Errorf("the response is %s", response.Status)
}

func cancelStream(stream *http3.RequestStream) {
	stream.CancelRead(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
	stream.CancelWrite(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
}

// unusableError is that of a conn on which no stream was opened: the request
// may go elsewhere.
type unusableError struct{ error }

func (e *unusableError) Unwrap() error { return e.error }
