package main

import (
	"context"
	"log/slog"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/listener/udpsession"
)

// happened logs what became of a client that no service will see. That is for
// debugging: an attack must not fill the disk. A lack of descriptors is not,
// and the listener tells of it less and less often.
func (d *door) happened(e listener.Event) {
	if e.Kind == listener.Accepted || e.Kind == listener.Closed {
		return // the service logs these
	}
	level := slog.LevelDebug
	if e.Kind == listener.AcceptFailed {
		level = slog.LevelWarn
	}
	ctx := context.Background()
	if !d.log.Enabled(ctx, level) {
		return
	}
	var args []any
	if e.Remote != nil {
		args = append(args, "client", e.Remote)
	}
	if e.Err != nil {
		args = append(args, "error", e.Err)
	}
	d.log.Log(ctx, level, e.Kind.String(), args...)
}

// changed logs sessions that end by themselves, and peers that get none. The
// listener tells of the latter at most once a second.
func (d *door) changed(e udpsession.Event) {
	if e.Kind == udpsession.EventCreated || e.Reason == udpsession.Closed {
		return // the service logs these
	}
	d.log.Debug("session "+e.Kind.String(), "client", e.Peer, "reason", e.Reason, "count", e.Count)
}
