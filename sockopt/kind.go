package sockopt

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Kind is the type of an option's value.
type Kind uint8

// The kinds, each with the Go type of its values.
const (
	KindBool      Kind = iota + 1 // bool
	KindInt                       // int, 32 bits in the kernel
	KindUint32                    // uint32
	KindUint64                    // uint64
	KindDuration                  // time.Duration, a whole number of the option's unit
	KindLinger                    // time.Duration, or LingerOff
	KindString                    // string: a name of at most 15 bytes without spaces and commas
	KindPortRange                 // PortRange
	KindBytes                     // bytes as the kernel takes them: Raw options only
)

// LingerOff is the value of SO_LINGER that switches lingering off; 0 resets the connection on close.
const LingerOff time.Duration = -1

// maxName is IFNAMSIZ and TCP_CA_NAME_MAX without the final NUL.
const maxName = 15

// String returns the name of the Go type, or "linger".
func (k Kind) String() string {
	switch k {
	case KindBool:
		return "bool"
	case KindInt:
		return "int"
	case KindUint32:
		return "uint32"
	case KindUint64:
		return "uint64"
	case KindDuration:
		return "duration"
	case KindLinger:
		return "linger"
	case KindString:
		return "string"
	case KindPortRange:
		return "port range"
	case KindBytes:
		return "bytes"
	}
	return ""
}

// allowed describes the values of a kind without a Range.
func (k Kind) allowed() string {
	switch k {
	case KindBool:
		return "true or false"
	case KindInt:
		return fmt.Sprintf("%d..%d", math.MinInt32, math.MaxInt32)
	case KindUint32:
		return fmt.Sprintf("0..%d", uint32(math.MaxUint32))
	case KindUint64:
		return fmt.Sprintf("0..%d", uint64(math.MaxUint64))
	case KindDuration:
		return "a duration such as 1.5s"
	case KindLinger:
		return "off, 0 or a duration in whole seconds"
	case KindString:
		return fmt.Sprintf("a name of at most %d bytes without spaces and commas", maxName)
	case KindPortRange:
		return "LOW-HIGH with ports 0..65535, 0 for the system's limit"
	}
	return "bytes in hexadecimal: 0x01000000"
}

// A PortRange is a range of local ports, both ends included; 0 at either end is the system's limit.
type PortRange struct {
	Low, High uint16 // in host byte order
}

// String returns "40000-50000".
func (p PortRange) String() string { return fmt.Sprintf("%d-%d", p.Low, p.High) }

// A value holds the value of an option of any kind: what fits in a word in n, text and bytes in s.
// Durations are in nanoseconds, a PortRange is High<<16 | Low.
type value struct {
	n int64
	s string
}

func boolValue(b bool) value {
	if b {
		return value{n: 1}
	}
	return value{}
}

func portRangeValue(p PortRange) value { return value{n: int64(p.High)<<16 | int64(p.Low)} }

func (v value) portRange() PortRange {
	return PortRange{Low: uint16(v.n), High: uint16(v.n >> 16)}
}

// format returns the text form of a value.
func (k Kind) format(v value) string {
	switch k {
	case KindBool:
		return strconv.FormatBool(v.n != 0)
	case KindUint64:
		return strconv.FormatUint(uint64(v.n), 10)
	case KindDuration:
		return time.Duration(v.n).String()
	case KindLinger:
		if v.n == int64(LingerOff) {
			return "off"
		}
		return time.Duration(v.n).String()
	case KindString:
		return v.s
	case KindPortRange:
		return v.portRange().String()
	case KindBytes:
		return fmt.Sprintf("0x%x", v.s)
	}
	return strconv.FormatInt(v.n, 10)
}

// parse reads the text form of a value; false means that the form is wrong. Ranges are checked by the row.
func (k Kind) parse(s string) (value, bool) {
	switch k {
	case KindBool:
		return parseBool(s)
	case KindUint32, KindUint64:
		n, err := strconv.ParseUint(s, 0, 64)
		return value{n: int64(n)}, err == nil && (k == KindUint64 || n <= math.MaxUint32)
	case KindDuration:
		d, err := time.ParseDuration(s)
		return value{n: int64(d)}, err == nil
	case KindLinger:
		if s == "off" {
			return value{n: int64(LingerOff)}, true
		}
		d, err := time.ParseDuration(s)
		return value{n: int64(d)}, err == nil && d >= 0
	case KindString:
		return value{s: s}, isName(s)
	case KindPortRange:
		return parsePortRange(s)
	case KindBytes:
		digits, ok := strings.CutPrefix(s, "0x")
		b, err := hex.DecodeString(digits)
		return value{s: string(b)}, ok && err == nil
	}
	n, err := strconv.ParseInt(s, 0, 64)
	return value{n: n}, err == nil
}

// isName reports whether a text is the name of an interface, an algorithm or a protocol. The kernel would take some more
// as the name of an interface, which the text and JSON forms of a list cannot hold.
func isName(s string) bool {
	return len(s) <= maxName && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r == ',' || unicode.IsSpace(r) || unicode.IsControl(r)
	})
}

func parseBool(s string) (value, bool) {
	switch s {
	case "true", "1", "on":
		return value{n: 1}, true
	case "false", "0", "off":
		return value{}, true
	}
	return value{}, false
}

func parsePortRange(s string) (value, bool) {
	low, high, _ := strings.Cut(s, "-")
	l, err := strconv.ParseUint(low, 10, 16)
	if err != nil {
		return value{}, false
	}
	h, err := strconv.ParseUint(high, 10, 16)
	if err != nil {
		return value{}, false
	}
	return portRangeValue(PortRange{Low: uint16(l), High: uint16(h)}), true
}
