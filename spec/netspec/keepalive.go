package netspec

import (
	"errors"
	"net"
	"slices"
	"time"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

var errDisabled = errors.New("not with enable: false")

// keepAlive maps the probes; nil is what package net does by itself. To have none
// takes an option: package net knows no value that means so after accept.
func keepAlive(p *build.Problems, m *specv1.KeepAliveConfig, list *sockopt.Options) net.KeepAliveConfig {
	if m == nil {
		return net.KeepAliveConfig{}
	}
	idle := p.Duration("keep_alive.idle", m.GetIdle())
	interval := p.Duration("keep_alive.interval", m.GetInterval())
	if m.Enable != nil && !m.GetEnable() {
		disable(p, m, list)
		return net.KeepAliveConfig{}
	}
	// Package net does not say that the system refused one of them.
	if idle > 0 {
		able(p, "keep_alive.idle", idle, sockopt.TCPKeepIdle.Value(seconds(idle)))
	}
	if interval > 0 {
		able(p, "keep_alive.interval", interval, sockopt.TCPKeepIntvl.Value(seconds(interval)))
	}
	if n := int(m.GetCount()); n > 0 {
		able(p, "keep_alive.count", n, sockopt.TCPKeepCnt.Value(n))
	}
	return net.KeepAliveConfig{Enable: true, Idle: idle, Interval: interval, Count: int(m.GetCount())}
}

func disable(p *build.Problems, m *specv1.KeepAliveConfig, list *sockopt.Options) {
	if m.Idle != nil {
		p.Add("keep_alive.idle", m.GetIdle(), errDisabled)
	}
	if m.Interval != nil {
		p.Add("keep_alive.interval", m.GetInterval(), errDisabled)
	}
	if m.Count != nil {
		p.Add("keep_alive.count", m.GetCount(), errDisabled)
	}
	none := sockopt.KeepAlive.Value(false)
	if slices.ContainsFunc(*list, func(o sockopt.Option) bool { return o.Name() == none.Name() }) {
		p.Addf("keep_alive.enable", false, "there is an option %s too", none.Name())
		return
	}
	able(p, "keep_alive.enable", false, none)
	*list = append(*list, sockopt.Prefer(none)) // unix sockets of some systems lack it
}

// able notes that the platform cannot have the option.
func able(p *build.Problems, path string, value any, o sockopt.Option) {
	if e, ok := build.Is[*sockopt.Error](sockopt.Options{o}.Check("")); ok {
		p.Because(path, value, e.Err, e)
	}
}

// seconds rounds up, as package net does.
func seconds(d time.Duration) time.Duration {
	return (d + min(time.Second-1, 1<<63-1-d)).Truncate(time.Second)
}
