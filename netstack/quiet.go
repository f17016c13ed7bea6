package netstack

import (
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/log"
)

// quiet keeps the engine from writing to standard error, where its log goes by default: a
// line for each packet with an address that is odd. Who wants it sets its target after New.
// Parts of the engine keep the log that there was first, so that its level goes down too.
var quiet = sync.OnceFunc(func() {
	first := log.Log()
	log.SetTarget(noLog{})
	first.SetLevel(log.Warning)
})

// noLog is a target of the engine's log.
type noLog struct{}

func (noLog) Emit(int, log.Level, time.Time, string, ...any) {}
