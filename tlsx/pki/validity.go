package pki

import (
	"errors"
	"time"
)

const (
	// skew is how far the clocks of those who verify may be behind.
	skew = time.Hour
	// caLife and leafLife are the defaults.
	caLife   = 10 * 365 * 24 * time.Hour
	leafLife = 90 * 24 * time.Hour
)

var (
	errYear  = errors.New("is outside of the years 1950 to 9999")
	errOrder = errors.New("is not after NotBefore")
)

// validity fills in what is zero of two times, so that the default of the one
// fits the other: a NotAfter in the past alone makes an expired certificate, a
// NotBefore in the future alone one that is not yet valid.
func validity(p *problems, notBefore, notAfter time.Time, life time.Duration) (from, until time.Time) {
	from, until = notBefore, notAfter
	if from.IsZero() {
		from = time.Now().Add(-skew)
		if !until.IsZero() && !until.After(from) {
			from = until.Add(-life)
		}
	}
	if until.IsZero() {
		until = time.Now().Add(life)
		if !until.After(from) {
			until = from.Add(life)
		}
	}
	// Certificates count in seconds.
	from, until = from.UTC().Truncate(time.Second), until.UTC().Truncate(time.Second)
	p.add("NotBefore", from.Format(time.RFC3339), checkYear(from))
	err := checkYear(until)
	if err == nil && !until.After(from) {
		err = errOrder
	}
	p.add("NotAfter", until.Format(time.RFC3339), err)
	return from, until
}

// checkYear holds t to what RFC 5280, section 4.1.2.5 can express.
func checkYear(t time.Time) error {
	if t.Year() < 1950 || t.Year() > 9999 {
		return errYear
	}
	return nil
}
