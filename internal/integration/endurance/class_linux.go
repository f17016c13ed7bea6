package main

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/quic-go/quic-go"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/dtlsx"
)

// Classes of failures.
const (
	refused     = "refused"     // nobody listens there
	reset       = "reset"       // by the peer
	ended       = "ended"       // a conn, before the answer
	aborted     = "aborted"     // a stream of HTTP/2 or QUIC
	goneAway    = "gone away"   // HTTP/2's GOAWAY, or a conn of QUIC or DTLS that the peer has closed
	timeout     = "timeout"     // no answer in time
	unreachable = "unreachable" // no way there
	alerted     = "alert"       // of DTLS, in a handshake
	distrusted  = "distrusted"  // a certificate
	wrong       = "wrong"       // another answer than the right one; nothing ever explains it
	unknown     = "unknown"     // nothing explains it either
)

// closeNotify is the alert with which a conn of DTLS ends in good order (RFC 5246, section 7.2.1).
const closeNotify = 0

// status is the class of an HTTP status.
func status(code int) string { return "status " + strconv.Itoa(code) }

// classify says what kind of failure an error is. The order matters: what was made of an error comes before its cause.
func classify(err error) string {
	var code statusError
	var verify *x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var application *quic.ApplicationError
	var stream *quic.StreamError
	var transport *quic.TransportError
	var alert *dtlsx.AlertError
	switch {
	case errors.Is(err, errWrong):
		return wrong
	case errors.As(err, &code):
		return status(int(code))
	case errors.As(err, &verify), errors.As(err, &invalid):
		return distrusted
	case errors.As(err, &transport):
		return classifyTransport(transport)
	case errors.As(err, &alert) && alert.Code == closeNotify:
		return goneAway
	case errors.As(err, &alert):
		return alerted
	case isAny(err, unix.ENETUNREACH, unix.EHOSTUNREACH, unix.ENETDOWN, unix.EADDRNOTAVAIL):
		return unreachable
	case isAny(err, unix.ECONNREFUSED):
		return refused
	case isAny(err, unix.ECONNRESET, unix.EPIPE, unix.ECONNABORTED):
		return reset
	case errors.As(err, &stream):
		return aborted
	case errors.As(err, &application):
		return goneAway
	case timedOut(err):
		return timeout
	}
	return classifyText(err)
}

// classifyTransport is for conns of QUIC. An error of its own socket has only its text left.
func classifyTransport(err *quic.TransportError) string {
	switch {
	case err.ErrorCode == quic.ConnectionRefused:
		return refused
	case !err.Remote && (strings.Contains(err.Error(), unix.ENETUNREACH.Error()) || strings.Contains(err.Error(), unix.EHOSTUNREACH.Error())):
		return unreachable
	}
	return unknown
}

func timedOut(err error) bool {
	var t net.Error
	return isAny(err, context.DeadlineExceeded, os.ErrDeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// classifyText is for the errors of HTTP/2, which have no type outside of net/http, and for ends of conns.
func classifyText(err error) string {
	text := err.Error()
	for class, parts := range map[string][]string{
		goneAway: {"GOAWAY", "client connection lost", "client conn is closed", "conn not usable", "H3_NO_ERROR", "close_notify"},
		aborted:  {"stream error", "RST_STREAM"},
	} {
		for _, part := range parts {
			if strings.Contains(text, part) {
				return class
			}
		}
	}
	if isAny(err, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed) || strings.Contains(text, "server closed idle connection") {
		return ended
	}
	return unknown
}
