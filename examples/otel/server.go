package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/tlsx/pki"
)

// name is the server's, which only its certificate and the client know.
const name = "service.test"

// service is a server on loopback.
type service struct {
	roots  *x509.CertPool
	port   int
	cancel context.CancelFunc
	ended  chan error
}

func (s *service) url(path string) string {
	return "https://" + net.JoinHostPort(name, strconv.Itoa(s.port)) + path
}

// stop returns when nothing runs any more.
func (s *service) stop() error {
	s.cancel()
	return <-s.ended
}

// startServer serves /hello/{who}.
func startServer(ctx context.Context, t *tracing) (*service, error) {
	ca, err := pki.New(nil)
	if err != nil {
		return nil, err
	}
	leaf, err := ca.Issue(&pki.Leaf{Names: []string{name}, Server: true})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello/{who}", t.hello)
	server, err := httpx.NewServer(&httpx.ServerConfig{
		Handler: mux, TLS: &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}},
		RequestContext: t.began, OnEvent: t.served,
	})
	if err != nil {
		return nil, err
	}
	l, err := listener.New(ctx, &listener.Config{Address: "127.0.0.1:0", Track: true})
	if err != nil {
		return nil, err
	}
	s := &service{roots: ca.Pool(), port: l.Addr().(*net.TCPAddr).Port, ended: make(chan error, 1)}
	ctx, s.cancel = context.WithCancel(ctx)
	go func() { s.ended <- server.Run(ctx, []net.Listener{l}) }()
	return s, nil
}

// hello does something worth a span of its own.
func (t *tracing) hello(w http.ResponseWriter, r *http.Request) {
	_, span := t.tracer.Start(r.Context(), "greet")
	defer span.End()
	if _, err := io.WriteString(w, "hello, world"); err != nil {
		fail(span, err)
	}
}

// began is httpx.ServerConfig.RequestContext: the span of a request continues the
// trace of the client, and is in the context of the handler.
func (t *tracing) began(ctx context.Context, r *http.Request) context.Context {
	ctx = t.carry.Extract(ctx, propagation.HeaderCarrier(r.Header))
	ctx, _ = t.tracer.Start(ctx, r.Method, //nolint:spancheck // served ends it
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			semconv.HTTPRequestMethodKey.String(r.Method), semconv.URLPath(r.URL.Path), semconv.URLScheme("https"),
			semconv.ClientAddress(host(r.RemoteAddr)), semconv.NetworkProtocolVersion(version(r.ProtoMajor))))
	return ctx
}

// served is httpx.ServerConfig.OnEvent: it ends the span that began has begun. The
// route is the pattern of the mux, of which there are few, not the path.
func (t *tracing) served(e httpx.Event) {
	span := trace.SpanFromContext(e.Context)
	if e.Request.Pattern != "" {
		span.SetName(e.Request.Pattern)
		span.SetAttributes(semconv.HTTPRoute(e.Request.Pattern))
	}
	span.SetAttributes(semconv.HTTPResponseStatusCode(e.Status), semconv.HTTPResponseBodySize(int(e.Bytes)))
	if e.Status >= http.StatusInternalServerError && e.Err == nil {
		e.Err = errors.New(http.StatusText(e.Status))
	}
	fail(span, e.Err)
	span.End(trace.WithTimestamp(e.Start.Add(e.Duration)))
}

func host(address string) string {
	h, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return h
}
