package main

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/strata-net/strata/dialer"
)

// dialed is a dialer.Config.OnEvent. An event has all that a span needs, so that
// nothing has to be remembered from the beginning of a dial to its end: the
// context of the caller, in which the span of the request is, and the times.
func (t *tracing) dialed(e dialer.Event) {
	if e.Kind != dialer.DialDone {
		return
	}
	ctx, span := t.tracer.Start(e.Context, "dial", trace.WithTimestamp(e.Start),
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(server(e.Address)...))
	span.SetAttributes(semconv.NetworkTransportKey.String(e.Network))
	if e.Remote != nil {
		span.SetAttributes(peer(e.Remote.String())...)
	}
	for _, s := range e.Steps {
		t.step(ctx, s)
	}
	fail(span, e.Err)
	span.End(trace.WithTimestamp(e.Start.Add(e.Duration)))
}

// step is a child of the dial: "resolve", "connect", "proxy" or "handshake".
func (t *tracing) step(ctx context.Context, s dialer.Step) {
	_, span := t.tracer.Start(ctx, s.Kind.String(), trace.WithTimestamp(s.Start), trace.WithSpanKind(trace.SpanKindClient))
	switch s.Kind {
	case dialer.StepResolve:
		span.SetAttributes(semconv.DNSQuestionName(s.Address))
	case dialer.StepConnect:
		span.SetAttributes(append(peer(s.Address), attribute.Bool("strata.dial.won", s.Won))...)
	default:
		span.SetAttributes(server(s.Address)...)
	}
	fail(span, s.Err)
	span.End(trace.WithTimestamp(s.Start.Add(s.Duration)))
}
