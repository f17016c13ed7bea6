package quicx

import "strconv"

// RetryPolicy says when a listener validates the address of a client before it
// spends a handshake on it.
type RetryPolicy uint8

const (
	// RetryUnderLoad is the default. It does so from ListenConfig.RetryAbove on, and
	// for sources that have all the conns that they may have.
	RetryUnderLoad RetryPolicy = iota
	// RetryNever leaves it to the handshake. Spoofed packets can then take all
	// of MaxHandshakes for HandshakeTimeout.
	RetryNever
	// RetryAlways does so for each client without a token. A flood of spoofed
	// packets then costs no memory at all.
	RetryAlways
	retryPolicies
)

var retryNames = [retryPolicies]string{
	RetryUnderLoad: "under load",
	RetryNever:     "never",
	RetryAlways:    "always",
}

// String returns the policy in words: "under load".
func (p RetryPolicy) String() string {
	if p >= retryPolicies {
		return strconv.Itoa(int(p))
	}
	return retryNames[p]
}
