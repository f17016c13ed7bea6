package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// tracing is what the hooks make spans with.
type tracing struct {
	tracer trace.Tracer
	carry  propagation.TextMapPropagator // from client to server
}

func newTracing(p trace.TracerProvider) *tracing {
	return &tracing{p.Tracer("github.com/strata-net/strata/examples/otel"), propagation.TraceContext{}}
}

// fail notes an error, with a type of which there are few: what is in its text
// would make a label of its own for each peer.
func fail(span trace.Span, err error) {
	if err != nil {
		span.SetAttributes(semconv.ErrorTypeKey.String(errorType(err)))
		span.SetStatus(codes.Error, err.Error())
	}
}

func errorType(err error) string {
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	var connect *net.OpError
	switch {
	case errors.As(err, &certificate):
		return "certificate"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.As(err, &name):
		return "dns"
	case errors.As(err, &connect):
		return "connect"
	}
	return "_OTHER"
}

// server is the attributes of what a client asked for.
func server(address string) []attribute.KeyValue {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return []attribute.KeyValue{semconv.ServerAddress(address)}
	}
	list := []attribute.KeyValue{semconv.ServerAddress(host)}
	if port, err := strconv.Atoi(service); err == nil {
		list = append(list, semconv.ServerPort(port))
	}
	return list
}

// peer is the attributes of an address of a socket.
func peer(address string) []attribute.KeyValue {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return []attribute.KeyValue{semconv.NetworkPeerAddress(address)}
	}
	return []attribute.KeyValue{semconv.NetworkPeerAddress(a.Addr().String()), semconv.NetworkPeerPort(int(a.Port()))}
}
