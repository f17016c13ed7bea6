package document

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

var (
	errNotWhole = errors.New("must be a whole number")
	errRange    = errors.New("out of range")
	errFinite   = errors.New("must be finite")
	// errOctal: YAML 1.1 takes 0660 for octal, YAML 1.2 for 660.
	errOctal = errors.New("ambiguous: write 0o and the digits for octal, or leave the leading zeros out")
)

// maxShift is more than any number has digits: see longestNumber.
const maxShift = 1000

// whole returns the sign and the amount of a number of YAML or JSON that has no
// fraction; 1e3 and 2.0 have none.
func whole(s string) (negative bool, amount uint64, err error) {
	digits, negative := sign(s)
	if base := map[string]int{"0x": 16, "0o": 8}[digits[:min(2, len(digits))]]; base != 0 {
		amount, err = strconv.ParseUint(digits[2:], base, 64)
		return negative, amount, numeric(err)
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(digits), "e")
	before, after, float := strings.Cut(mantissa, ".")
	if !float && len(digits) == len(mantissa) && len(before) > 1 && before[0] == '0' {
		return negative, 0, errOctal
	}
	shift := 0
	if exponent != "" {
		shift, _ = strconv.Atoi(exponent) // the nearest one, if there is none
		shift = max(-maxShift, min(shift, maxShift))
	}
	all := strings.TrimRight(before+after, "0")
	shift += len(before) - len(all) // zeros to add, or digits of the fraction
	all = strings.TrimLeft(all, "0")
	switch {
	case all == "":
		return negative, 0, nil
	case shift < 0:
		return negative, 0, errNotWhole
	case shift+len(all) > 20:
		return negative, 0, errRange
	}
	amount, err = strconv.ParseUint(all+strings.Repeat("0", shift), 10, 64)
	return negative, amount, numeric(err)
}

func sign(s string) (rest string, negative bool) {
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		return rest, true
	}
	return strings.TrimPrefix(s, "+"), false
}

// numeric turns an error of strconv into one that does not repeat the value.
func numeric(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, strconv.ErrRange) {
		return errRange
	}
	return errNotWhole
}

// signed returns an integer of the given number of bits.
func signed(s string, bits int) (int64, error) {
	negative, amount, err := whole(s)
	most := uint64(1)<<(bits-1) - 1
	if err == nil && (amount > most+1 || amount > most && !negative) {
		err = integerRange(-1<<(bits-1), most)
	}
	if errors.Is(err, errRange) {
		err = integerRange(-1<<(bits-1), most)
	}
	if negative {
		return -int64(amount), err //nolint:gosec // -(1<<63) wraps to itself
	}
	return int64(amount), err //nolint:gosec // checked above
}

// unsigned is signed for integers from 0.
func unsigned(s string, bits int) (uint64, error) {
	negative, amount, err := whole(s)
	most := uint64(math.MaxUint64) >> (64 - bits)
	if errors.Is(err, errRange) || err == nil && (amount > most || negative && amount > 0) {
		err = integerRange(0, most)
	}
	return amount, err
}

// rangeError says what fits; it is errRange too.
type rangeError struct{ text string }

func (e *rangeError) Error() string { return e.text }
func (e *rangeError) Unwrap() error { return errRange }

func integerRange(least int64, most uint64) error {
	return &rangeError{"out of range: from " + strconv.FormatInt(least, 10) + " to " + strconv.FormatUint(most, 10)}
}

// float returns a number of the given number of bits.
func float(s string, bits int) (float64, error) {
	rest, negative := sign(s)
	switch strings.ToLower(rest) {
	case ".inf", "infinity":
		return math.Inf(map[bool]int{true: -1, false: 1}[negative]), nil
	case ".nan", "nan":
		return math.NaN(), nil
	}
	if strings.HasPrefix(rest, "0x") || strings.HasPrefix(rest, "0o") {
		_, amount, err := whole(rest)
		return float64(amount), err
	}
	f, err := strconv.ParseFloat(s, bits)
	if err != nil {
		return 0, errRange
	}
	return f, nil
}

// double returns a number of a google.protobuf.Value; exact is false for an
// integer that it rounds.
func double(s string) (f float64, exact bool, err error) {
	if integerForm.MatchString(s) {
		if _, _, err := whole(s); errors.Is(err, errOctal) {
			return 0, false, err
		}
	}
	if f, err = float(s, 64); err != nil {
		return 0, false, err
	}
	if negative, amount, err := whole(s); err == nil {
		back := strconv.FormatFloat(math.Abs(f), 'f', 0, 64)
		return f, back == strconv.FormatUint(amount, 10) || negative && amount == 0, nil
	}
	digits, _ := sign(s)
	return f, !integerForm.MatchString(s) || strconv.FormatFloat(math.Abs(f), 'f', 0, 64) == digits, nil
}

// decimal returns an integer in digits without a plus.
func decimal(s string) string {
	negative, amount, err := whole(s)
	if err != nil {
		return strings.TrimPrefix(s, "+") // beyond 64 bits
	}
	return strings.Repeat("-", map[bool]int{true: 1}[negative]) + strconv.FormatUint(amount, 10)
}
