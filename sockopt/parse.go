package sockopt

import (
	"errors"
	"strconv"
	"strings"
)

// Parse reads an option: the kernel's name, "=" and the value.
//
//	TCP_NODELAY=false                  also 0 and 1, on and off
//	SO_RCVBUF=262144                   also 0x40000
//	TCP_KEEPIDLE=30s                   a duration, always with its unit
//	SO_LINGER=off, SO_LINGER=0         off, and reset on close
//	IP_LOCAL_PORT_RANGE=40000-50000
//	TCP_CONGESTION=bbr
//	TCP_USER_TIMEOUT?=5s               preferred, see Prefer
//	6/4=0x1e000000                     Raw: level, number and bytes
//
// An unknown name, a value of a wrong form and one out of range are an [*Error] that says what is allowed. Names of
// options that only other platforms have are known.
func Parse(s string) (Option, error) {
	name, text, ok := strings.Cut(s, "=")
	if !ok {
		return Option{}, &Error{Op: "parse", Option: strings.TrimSpace(s), Err: badValue{"", "want NAME=value"}}
	}
	return parse(strings.TrimSpace(name), strings.TrimSpace(text))
}

// ParseList reads options separated by commas. An empty text is an empty list. All errors are joined.
func ParseList(s string) (Options, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	var list Options
	var errs []error
	for part := range strings.SplitSeq(s, ",") {
		o, err := Parse(part)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		list = append(list, o)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return list, nil
}

// parse reads a value for a name that may end in "?".
func parse(name, text string) (Option, error) {
	name, prefer := strings.CutSuffix(name, "?")
	o, err := find(name)
	if err != nil {
		return Option{}, &Error{Op: "parse", Option: name, Value: text, Err: err}
	}
	v, ok := o.row.Kind.parse(text)
	if !ok {
		return Option{}, &Error{Op: "parse", Option: name, Value: text, Err: badValue{"want ", o.row.Allowed()}}
	}
	v.n |= o.val.n // a Raw option has its level and number there, and only bytes come in
	o = newOption(o.row, v)
	o.prefer = prefer
	if err := o.check(); err != nil && !lacksOption(err) {
		return Option{}, &Error{Op: "parse", Option: name, Value: text, Err: err}
	}
	return o, nil
}

// find returns the option of a name, still without a value.
func find(name string) (Option, error) {
	if r, ok := byName[name]; ok {
		return Option{row: r}, nil
	}
	if o, ok := parseRaw(name); ok {
		return o, nil
	}
	if near := nearest(name); near != "" {
		return Option{}, badValue{"unknown option, did you mean ", near + "?"}
	}
	return Option{}, badValue{"", "unknown option"}
}

// parseRaw reads "level/number".
func parseRaw(name string) (Option, bool) {
	l, n, _ := strings.Cut(name, "/")
	level, err1 := strconv.ParseInt(l, 10, 32)
	number, err2 := strconv.ParseInt(n, 10, 32)
	return Raw(int(level), int(number), nil), err1 == nil && err2 == nil
}

// nearest returns the name that is most like a wrong one, "" if none is.
func nearest(name string) string {
	const tolerance = 3
	name = strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	best, least := "", tolerance
	for i := range rows {
		candidate := rows[i].Name
		_, bare, _ := strings.Cut(candidate, "_")
		if bare == name {
			return candidate
		}
		if len(name) >= len(candidate)+tolerance {
			continue // the distance is no less, and would take long to find for a long text
		}
		if d := distance(name, candidate); d < least || d == least && best != "" && rows[i].Supported && d < tolerance {
			best, least = candidate, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete or replace between two words (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
