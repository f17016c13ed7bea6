package dialer

import (
	"context"
	"net/http/httptrace"
)

// untraced returns a context in which httptrace sees the questions to a resolver, but not its conns to name servers, as
// in a dial of package net.
func untraced(ctx context.Context) context.Context {
	t := httptrace.ContextClientTrace(ctx)
	if t == nil {
		return ctx
	}
	dns := &httptrace.ClientTrace{DNSStart: t.DNSStart, DNSDone: t.DNSDone}
	if dns.DNSStart == nil {
		dns.DNSStart = func(httptrace.DNSStartInfo) {} // without any hook the old ones would stay
	}
	return httptrace.WithClientTrace(withoutTrace{ctx}, dns)
}

// withoutTrace hides the trace, which another one would be joined with.
type withoutTrace struct{ context.Context }

func (c withoutTrace) Value(key any) any {
	v := c.Context.Value(key)
	if _, ok := v.(*httptrace.ClientTrace); ok {
		return nil
	}
	return v
}
