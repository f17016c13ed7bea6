package forward

import (
	"context"
	"errors"
	"net"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// answer is what a client gets whose dial has failed.
type answer uint8

const (
	answerReset answer = iota
	answerUnreachable
	answerNothing
)

// unreachable is a system error and ICMP's word for it.
type unreachable struct {
	err    error
	reason netstack.Unreachable
}

// judge says what a failed dial looks like on a network.
func judge(err error) (netstack.Unreachable, answer) {
	if refused(err) {
		return 0, answerReset
	}
	if reason, ok := reasonOf(err); ok {
		return reason, answerUnreachable
	}
	var t net.Error
	if errors.As(err, &t) && t.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return 0, answerNothing
	}
	return 0, answerReset
}

// refused says that nobody listens at the port.
func refused(err error) bool {
	for _, r := range refusals {
		if errors.Is(err, r) {
			return true
		}
	}
	return errors.Is(err, tunx.ErrPortUnreachable) || errors.Is(err, netstack.ErrConnectionRefused)
}

// reasonOf returns ICMP's word for err, if there is one.
func reasonOf(err error) (netstack.Unreachable, bool) {
	for _, row := range unreachables {
		if errors.Is(err, row.err) {
			return row.reason, true
		}
	}
	return 0, false
}
