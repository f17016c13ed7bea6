package socketz

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// A setting is an option that was asked for, and what became of it.
type setting struct {
	Option  string  `json:"option"`
	Wanted  string  `json:"wanted"`
	Got     string  `json:"got,omitempty"`
	Verdict verdict `json:"verdict"`
	Why     string  `json:"why,omitempty"` // why it was not read, or differs
}

// A verdict is what became of an option.
type verdict string

const (
	verdictTook    verdict = "ok"      // the kernel says what was asked for
	verdictSkipped verdict = "unread"  // it concerns another stage or socket, or cannot be read
	verdictLacking verdict = "lacking" // preferred, and the platform or socket does not have it
	verdictDiffers verdict = "differs"
)

// Color is the class of a verdict on the page.
func (s setting) Color() string {
	return map[verdict]string{verdictTook: "good", verdictDiffers: "bad", verdictLacking: "warn", verdictSkipped: "soft"}[s.Verdict]
}

// settings compares what was wanted of a socket with what the kernel says; c is nil if it has no descriptor.
func settings(wanted sockopt.Options, c syscall.Conn) []setting {
	list := []setting{}
	if c == nil {
		for _, o := range wanted {
			list = append(list, setting{Option: o.Name(), Wanted: shown(o, o.ValueText()), Verdict: verdictSkipped, Why: "there is no descriptor to read it from"})
		}
		return list
	}
	if len(wanted) == 0 {
		return list
	}
	for _, r := range wanted.Report(c) {
		list = append(list, newSetting(r))
	}
	return list
}

func newSetting(r sockopt.Result) setting {
	if r.Option == (sockopt.Option{}) { // the socket could not be read at all
		return setting{Option: "all", Verdict: verdictDiffers, Why: cause(r)}
	}
	s := setting{Option: r.Option.Name(), Wanted: shown(r.Option, r.Option.ValueText()), Got: shown(r.Option, r.Got), Why: printable(r.Note)}
	switch {
	case r.Err != nil && r.Option.Preferred() && errors.Is(r.Err, errors.ErrUnsupported):
		s.Verdict, s.Why = verdictLacking, cause(r)
	case r.Err != nil:
		s.Verdict, s.Why = verdictDiffers, cause(r)
	case r.Got == "":
		s.Verdict = verdictSkipped
	default:
		s.Verdict = verdictTook
	}
	return s
}

// shown is a value to show. The bytes of a Raw option may be a key, as those of TCP_MD5SIG are.
func shown(o sockopt.Option, text string) string {
	if text == "" || o.Info().Kind != sockopt.KindBytes {
		return printable(text)
	}
	return fmt.Sprintf("%d bytes, not shown", max(0, len(text)-len("0x"))/2)
}

// cause is why an option did not take effect, without its value. That of a Raw option has bytes too.
func cause(r sockopt.Result) string {
	if r.Option.Info().Kind == sockopt.KindBytes {
		return "the kernel says something else, or nothing"
	}
	if e, ok := errors.AsType[*sockopt.Error](r.Err); ok {
		return printable(e.Err.Error())
	}
	return printable(r.Err.Error())
}
