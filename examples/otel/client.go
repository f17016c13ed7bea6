package main

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/httpx"
)

// newClient returns a client whose requests, dials and handshakes are traced. It
// finds the name of the server on loopback.
func newClient(s *service, t *tracing) (*http.Client, error) {
	d, err := dialer.New(&dialer.Config{
		Lookup: func(context.Context, string, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		},
		OnEvent: t.dialed,
	})
	if err != nil {
		return nil, err
	}
	transport, err := httpx.NewTransport(&httpx.TransportConfig{Dialer: d, TLS: &tls.Config{RootCAs: s.roots}})
	if err != nil {
		return nil, err
	}
	retry, err := httpx.NewRetry(&roundTripper{t, transport}, &httpx.RetryConfig{OnEvent: t.retried})
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: &request{t, retry}}, nil
}

// request is the span of what the caller asked for, with all its attempts.
type request struct {
	*tracing

	next http.RoundTripper
}

func (r *request) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, span := r.tracer.Start(req.Context(), req.Method+" "+req.URL.Host)
	defer span.End()
	resp, err := r.next.RoundTrip(req.WithContext(ctx))
	fail(span, err)
	return resp, err
}

func (r *request) CloseIdleConnections() { (&http.Client{Transport: r.next}).CloseIdleConnections() }

// retried is the hook of httpx.Retry: why there is another attempt, in the span of
// the request.
func (t *tracing) retried(e httpx.Event) {
	trace.SpanFromContext(e.Context).AddEvent("retry", trace.WithAttributes(
		semconv.HTTPRequestResendCount(e.Attempt), semconv.HTTPResponseStatusCode(e.Status)))
}

// roundTripper is the span of one attempt, which is the parent of the server's.
type roundTripper struct {
	*tracing

	next http.RoundTripper
}

func (r *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, span := r.tracer.Start(req.Context(), req.Method, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(semconv.HTTPRequestMethodKey.String(req.Method), semconv.URLFull(req.URL.Redacted())),
		trace.WithAttributes(server(req.URL.Host)...))
	defer span.End()
	req = req.Clone(httptrace.WithClientTrace(ctx, r.handshakes(ctx)))
	r.carry.Inject(ctx, propagation.HeaderCarrier(req.Header))
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		fail(span, err)
		return nil, err
	}
	span.SetAttributes(semconv.HTTPResponseStatusCode(resp.StatusCode), semconv.NetworkProtocolVersion(version(resp.ProtoMajor)))
	return resp, nil
}

func (r *roundTripper) CloseIdleConnections() {
	(&http.Client{Transport: r.next}).CloseIdleConnections()
}

// handshakes makes spans of what the transport does itself: TLS, above the dialer.
func (t *tracing) handshakes(ctx context.Context) *httptrace.ClientTrace {
	var span trace.Span
	return &httptrace.ClientTrace{
		TLSHandshakeStart: func() {
			_, span = t.tracer.Start(ctx, "tls", trace.WithSpanKind(trace.SpanKindClient))
		},
		TLSHandshakeDone: func(s tls.ConnectionState, err error) {
			if err == nil {
				span.SetAttributes(semconv.TLSProtocolVersion(strings.TrimPrefix(tls.VersionName(s.Version), "TLS ")), semconv.TLSResumed(s.DidResume))
			}
			fail(span, err)
			span.End()
		},
	}
}

// version is that of HTTP as the conventions write it.
func version(major int) string {
	if major == 1 {
		return "1.1"
	}
	return strconv.Itoa(major)
}
