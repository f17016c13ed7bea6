package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
)

// retried is what dig says when it asks again by TCP.
const retried = "Truncated, retrying in TCP mode"

// dig asks the name server.
func (t *trial) dig(ctx context.Context, question ...string) (outcome, error) {
	args := append([]string{"@" + t.dnsHost, "-p", t.dns, "+tries=1", "+time=10"}, question...)
	o, err := t.must(ctx, nil, "dig", args...)
	if err == nil && !strings.Contains(o.out, "status: NOERROR") {
		err = fmt.Errorf("dig says %s", o.out)
	}
	return o, err
}

// lookup asks for an address. Where datagrams go on, the answer comes by UDP.
func (t *trial) lookup(ctx context.Context) (string, error) {
	o, err := t.dig(ctx, smallName, "A")
	if err != nil {
		return "", err
	}
	if want := netip.AddrFrom4(smallAddress).String(); !strings.Contains(o.out, want) {
		return "", fmt.Errorf("dig does not say %s: %s", want, o.out)
	}
	again := strings.Contains(o.out, retried)
	switch {
	case again != (t.datagrams == udpTruncate):
		return "", fmt.Errorf("datagrams are to be %s, and dig says %s", t.datagrams, o.out)
	case again:
		return "UDP, TCP", nil
	}
	return "UDP", nil
}

// truncated asks for what fits no datagram: dig has to come again by TCP.
func (t *trial) truncated(ctx context.Context) (string, error) {
	o, err := t.dig(ctx, bigName, "TXT")
	if err != nil {
		return "", err
	}
	if !strings.Contains(o.out, retried) {
		return "", fmt.Errorf("the answer came without TCP: %s", o.out)
	}
	if n := strings.Count(o.out, "x"); n < bigText {
		return "", fmt.Errorf("%d bytes, want %d", n, bigText)
	}
	return "TC, TCP", nil
}
