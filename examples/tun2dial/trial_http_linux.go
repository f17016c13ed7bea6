package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// inTime is what a refusal may take: a client that has to wait for its own timeout
// needs many times more, also on a busy machine.
const inTime = 10 * time.Second

// curl are the arguments of each curl.
func curl(args ...string) []string {
	return append([]string{"-q", "-sS", "-f", "--max-time", "50"}, args...)
}

// compare gets bytes and compares them.
func (t *trial) compare(ctx context.Context) (string, error) {
	o, err := t.must(ctx, nil, "curl", curl("-w", "%{stderr}%{http_code} %{time_starttransfer}", t.url("/noise"))...)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(o.out))
	if got := hex.EncodeToString(sum[:]); got != noiseSum() {
		return "", fmt.Errorf("%d bytes with checksum %s, want %d with %s", len(o.out), got, noiseSize, noiseSum())
	}
	code, seconds, _ := strings.Cut(o.diag, " ")
	first, err := strconv.ParseFloat(seconds, 64)
	if err != nil {
		return "", fmt.Errorf("curl says %q: %w", o.diag, err)
	}
	return fmt.Sprintf("%s in %s", code, short(time.Duration(first*float64(time.Second)))), nil
}

// refused connects to a port that nobody listens at: curl must be told so at once.
func (t *trial) refused(ctx context.Context) (string, error) {
	o, err := t.clients.run(ctx, nil, "curl", curl("-v", t.closedURL())...)
	switch {
	case err != nil:
		return "", err
	case o.status == 0 || !strings.Contains(o.diag, t.refusal):
		return "", fmt.Errorf("curl ended with %d after %v and does not say %q: %s", o.status, o.took, t.refusal, o.diag)
	case o.took > inTime:
		return "", fmt.Errorf("curl was told after %v", o.took)
	}
	return "in " + short(o.took), nil
}

// download gets zeros.
func (t *trial) download(ctx context.Context) (string, error) {
	o, err := t.must(ctx, nil, "curl", curl("-o", "/dev/null", "-w", "%{size_download} %{speed_download}",
		t.url("/zeros/"+strconv.FormatInt(t.size, 10)))...)
	if err != nil {
		return "", err
	}
	size, speed, _ := strings.Cut(o.out, " ")
	return t.speed(size, speed)
}

// upload puts zeros, and looks how many the server got.
func (t *trial) upload(ctx context.Context) (string, error) {
	o, err := t.must(ctx, io.LimitReader(zeros{}, t.size), "curl", curl("-T", "-", "-H", "Expect:",
		"-w", "%{stderr}%{speed_upload}", t.url("/sink"))...)
	if err != nil {
		return "", err
	}
	return t.speed(o.out, o.diag)
}

// speed checks how many bytes went through and returns how fast.
func (t *trial) speed(size, perSecond string) (string, error) {
	if n, err := strconv.ParseInt(size, 10, 64); err != nil || n != t.size {
		return "", fmt.Errorf("%q bytes, want %d", size, t.size)
	}
	rate, err := strconv.ParseFloat(perSecond, 64)
	if err != nil {
		return "", fmt.Errorf("curl says %q: %w", perSecond, err)
	}
	return fmt.Sprintf("%.2f Gbit/s", rate*8/1e9), nil
}

// short rounds to what matters.
func short(d time.Duration) string {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Millisecond).String()
}
