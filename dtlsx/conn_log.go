package dtlsx

import (
	"io"
	"strings"
	"sync/atomic"

	"github.com/pion/logging"
)

// A journal is the logger of one conn. It prints nothing, and counts what the
// library tells nowhere else: the records that it threw away, and the fatal alert
// that ended a conn.
type journal struct {
	logging.LeveledLogger // what is not looked at

	discarded atomic.Uint64
	alert     atomic.Int32 // the fatal alert of the peer, plus one
}

// nowhere is where the rest goes: it writes nothing, at any level.
var nowhere logging.LeveledLogger = logging.NewDefaultLeveledLoggerForScope("", logging.LogLevelDisabled, io.Discard)

func newJournal() *journal { return &journal{LeveledLogger: nowhere} }

// NewLogger returns itself.
func (j *journal) NewLogger(string) logging.LeveledLogger { return j }

// Debugf counts the records that are not of this conn, not authentic or replayed.
func (j *journal) Debugf(format string, _ ...any) {
	if strings.HasPrefix(format, "discarded ") || strings.Contains(format, "decrypt failed") {
		j.discarded.Add(1)
	}
}

// Debug is as Debugf.
func (j *journal) Debug(text string) { j.Debugf(text) }

// Tracef is told of each alert.
func (j *journal) Tracef(_ string, args ...any) {
	if len(args) != 2 {
		return
	}
	text, ok := args[1].(string)
	if !ok {
		return
	}
	if code, fatal := loggedAlert(text); fatal {
		j.alert.Store(int32(code) + 1)
	}
}

// received returns the fatal alert of the peer.
func (j *journal) received() (code uint8, ok bool) {
	a := j.alert.Load()
	return uint8(a - 1), a > 0 //nolint:gosec // it was a byte
}
