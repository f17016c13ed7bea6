package document

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"

	"google.golang.org/protobuf/types/known/durationpb"
)

// units are those of a duration, in nanoseconds.
var units = map[string]int64{
	"h": 3600e9, "m": 60e9, "s": 1e9, "ms": 1e6, "us": 1e3, "µs": 1e3, "μs": 1e3, "ns": 1,
}

var (
	durationForm = regexp.MustCompile(`^[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:h|ms|m|s|us|µs|μs|ns))+$`)
	durationPart = regexp.MustCompile(`([0-9.]+)([^0-9.]+)`)

	bareNumber = regexp.MustCompile(`^[-+]?[0-9]+(?:\.[0-9]+)?$`)

	errDuration = errors.New("must be a duration such as 30s, 1m30s or 250ms")
	errTooFine  = errors.New("finer than a nanosecond")
	errTooLong  = errors.New("beyond 315576000000s, 10,000 years")
)

const (
	longestDuration = 128 // in bytes; more digits than any needs
)

// parseDuration reads what protobuf's JSON has of durations, 1.5s, and what Go
// has, 1h30m. It rounds nothing.
func parseDuration(s string) (*durationpb.Duration, error) {
	if len(s) > longestDuration || !durationForm.MatchString(s) {
		if bareNumber.MatchString(s) {
			return nil, fmt.Errorf("a duration has a unit: %ss", clip(s))
		}
		return nil, errDuration
	}
	sum := new(big.Rat)
	for _, m := range durationPart.FindAllStringSubmatch(s, -1) {
		part, _ := new(big.Rat).SetString("0" + m[1])
		sum.Add(sum, part.Mul(part, new(big.Rat).SetInt64(units[m[2]])))
	}
	if !sum.IsInt() {
		return nil, errTooFine
	}
	if s[0] == '-' {
		sum.Neg(sum)
	}
	seconds, nanos := new(big.Int).QuoRem(sum.Num(), big.NewInt(1e9), new(big.Int))
	d := &durationpb.Duration{Seconds: seconds.Int64(), Nanos: int32(nanos.Int64())} //nolint:gosec // below 1e9
	if !seconds.IsInt64() || d.CheckValid() != nil {
		return nil, errTooLong
	}
	return d, nil
}

// formatDuration writes seconds with as many digits as it takes.
func formatDuration(d *durationpb.Duration) (string, error) {
	if d.CheckValid() != nil {
		return "", errTooLong
	}
	ns := new(big.Int).Mul(big.NewInt(d.GetSeconds()), big.NewInt(1e9))
	r := new(big.Rat).SetFrac(ns.Add(ns, big.NewInt(int64(d.GetNanos()))), big.NewInt(1e9))
	digits, _ := r.FloatPrec()
	return r.FloatString(digits) + "s", nil
}
