package dtlsx

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pion/dtls/v3/pkg/protocol/alert"
)

// An AlertError is the cause of an [*Error] when a side ended the conn with an
// alert (RFC 5246, section 7.2). The library sends bad_certificate for every
// certificate that it refuses, no_certificate for one that is missing, and
// internal_error for an identity that PSK.Key refuses; Err says which it was. A
// wrong key has no alert: what cannot be read is dropped, and the handshake ends
// at HandshakeTimeout.
type AlertError struct {
	// Code is the number of IANA: 42 is bad_certificate. It is 255 for one that
	// the peer sent after the handshake and that the library has no name for: it
	// does not tell the number.
	Code uint8
	// Received tells an alert of the peer from one of this side.
	Received bool
	// Err is why this side sent it, nil if the peer did.
	Err error
}

// Error returns "peer sent alert bad_certificate(42)", or "sent alert
// bad_certificate(42)" and why.
func (e *AlertError) Error() string {
	s := fmt.Sprintf("sent alert %s(%d)", AlertName(e.Code), e.Code)
	if e.Received {
		s = "peer " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns why this side sent it.
func (e *AlertError) Unwrap() error { return e.Err }

// alerts are the names of IANA.
var alerts = map[uint8]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
	30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
	43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
	47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
	52: "too_many_cids_requested", 60: "export_restriction", 70: "protocol_version", 71: "insufficient_security",
	80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation",
	109: "missing_extension", 110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
	113: "bad_certificate_status_response", 114: "bad_certificate_hash_value", 115: "unknown_psk_identity",
	116: "certificate_required", 120: "no_application_protocol", 121: "ech_required",
}

// AlertName returns the name of IANA, "unknown" if there is none.
func AlertName(code uint8) string {
	if n, ok := alerts[code]; ok {
		return n
	}
	return "unknown"
}

// received is how an alert of the peer looks in the library's errors, whose type
// is not exported.
type received interface {
	error
	IsFatalOrCloseNotify() bool
	Marshal() ([]byte, error)
}

// receivedAlert returns the alert of the peer that is in an error.
func receivedAlert(err error) (code uint8, ok bool) {
	var r received
	if !errors.As(err, &r) {
		return 0, false
	}
	raw, err := r.Marshal()
	if err != nil || len(raw) != 2 {
		return 0, false
	}
	return raw[1], true
}

// nameless stands for the alerts that the library does not tell apart.
const nameless = 255

// fatalCodes finds the code of what the library writes about a fatal alert into
// its log, the only place where it tells one that ends an established conn.
var fatalCodes = func() map[string]uint8 {
	text := func(code uint8) string {
		a := alert.Alert{Level: alert.Fatal, Description: alert.Description(code)}
		return a.String()
	}
	codes := make(map[string]uint8)
	for code := range alerts {
		codes[text(code)] = code
	}
	delete(codes, text(nameless)) // what all have that it does not know
	return codes
}()

// loggedAlert reads a line of the log about a record that came in.
func loggedAlert(text string) (code uint8, fatal bool) {
	if !strings.HasPrefix(text, "Alert "+alert.Fatal.String()) {
		return 0, false
	}
	code, known := fatalCodes[text]
	if !known {
		code = nameless
	}
	return code, true
}
