package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

var average = regexp.MustCompile(`= [0-9.]+/([0-9.]+)/`)

// ping pings. Where pings go on, those to an address that nobody has must not be
// answered.
func (t *trial) ping(ctx context.Context) (string, error) {
	if t.pings == "" {
		return "-", nil
	}
	o, err := t.must(ctx, nil, "ping", "-n", "-c", "3", "-i", "0.2", "-W", "10", t.server)
	if err != nil {
		return "", err
	}
	m := average.FindStringSubmatch(o.out)
	if m == nil || !strings.Contains(o.out, "3 received") {
		return "", fmt.Errorf("ping says %s", o.out)
	}
	if t.pings == echoPass {
		if err := t.pingNobody(ctx); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%sms, %s", m[1], t.pings), nil
}

func (t *trial) pingNobody(ctx context.Context) error {
	o, err := t.clients.run(ctx, nil, "ping", "-n", "-c", "1", "-W", "1", t.nobody)
	if err == nil && o.status == 0 {
		err = fmt.Errorf("%s is nobody's, and answers: %s", t.nobody, o.out)
	}
	return err
}
