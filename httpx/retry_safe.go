package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"slices"
)

// idempotent reports whether a request may be sent twice: its method says so (RFC
// 9110, 9.2.2), or its Idempotency-Key. As in net/http, a key that is in the map
// without a value says it too, and is not sent.
func idempotent(req *http.Request) bool {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return hasIdempotencyKey(req)
}

func hasIdempotencyKey(req *http.Request) bool {
	_, key := req.Header["Idempotency-Key"]
	_, xKey := req.Header["X-Idempotency-Key"]
	return key || xKey
}

// unsent reports whether an error proves that the server has not acted on the
// request: no conn came about, or the server refused the stream (RFC 9113, 8.7) or is
// not the one for it (421). Of several attempts each has to prove it.
func unsent(err error) bool {
	if all, ok := errors.AsType[Attempts](err); ok {
		return len(all) > 0 && !slices.ContainsFunc(all, func(err error) bool { return !unsent(err) })
	}
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	var stream streamError
	return errors.As(err, &stream) && stream.Code == refusedStream || statusOf(err) == http.StatusMisdirectedRequest
}

// lasting reports whether an error would come again: of several attempts each one's.
func lasting(err error) bool {
	if all, ok := errors.AsType[Attempts](err); ok {
		return !slices.ContainsFunc(all, func(err error) bool { return !lasting(err) })
	}
	var (
		verify *tls.CertificateVerificationError
		host   x509.HostnameError
		record tls.RecordHeaderError
		ech    *tls.ECHRejectionError
		alert  tls.AlertError
		dns    *net.DNSError
		op     *net.OpError
	)
	switch {
	case errors.As(err, &verify), errors.As(err, &host), errors.As(err, &record), errors.As(err, &ech), errors.As(err, &alert):
		return true
	case errors.As(err, &dns) && dns.IsNotFound:
		return true
	case errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"): // alerts of TLS
		return true
	}
	return errors.Is(err, ErrEjected) || errors.Is(err, http.ErrSkipAltProtocol) || errors.Is(err, http.ErrSchemeMismatch) ||
		errors.Is(err, context.Canceled)
}

// streamError has the fields of the errors of HTTP/2 streams, which those of
// net/http can be turned into with errors.As though their type is not exported.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (streamError) Error() string { return "stream error" }

// Codes of streamError.
const (
	protocolError = 0x1
	refusedStream = 0x7
)
