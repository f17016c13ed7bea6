package main

import (
	"bytes"
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/httpx"
)

// traced runs a server and a client, and returns what they have traced.
func traced(t *testing.T, use func(t *testing.T, s *service, c *http.Client)) tracetest.SpanStubs {
	t.Helper()
	memory := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(memory))
	tracing := newTracing(provider)
	s, err := startServer(t.Context(), tracing)
	require.NoError(t, err)
	c, err := newClient(s, tracing)
	require.NoError(t, err)
	use(t, s, c)
	c.CloseIdleConnections()
	require.NoError(t, s.stop())
	spans := memory.GetSpans()
	require.NoError(t, provider.Shutdown(context.Background()))
	return spans
}

// tree writes spans as "root(child(...) child)", in the order of their beginning.
func tree(spans tracetest.SpanStubs, parent string) string {
	var b strings.Builder
	for _, s := range inOrder(spans) {
		if id(s) != parent {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(" ")
		}
		b.WriteString(s.Name)
		if children := tree(spans, s.SpanContext.SpanID().String()); children != "" {
			b.WriteString("(" + children + ")")
		}
	}
	return b.String()
}

// id is the parent's, "" for a root.
func id(s tracetest.SpanStub) string {
	if !s.Parent.IsValid() {
		return ""
	}
	return s.Parent.SpanID().String()
}

func inOrder(spans tracetest.SpanStubs) tracetest.SpanStubs {
	list := append(tracetest.SpanStubs(nil), spans...)
	for i := range list {
		for j := i; j > 0 && list[j].StartTime.Before(list[j-1].StartTime); j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	return list
}

// named returns the only span of a name, with its attributes.
func named(t *testing.T, spans tracetest.SpanStubs, name string) (tracetest.SpanStub, map[attribute.Key]any) {
	t.Helper()
	var found []tracetest.SpanStub
	for _, s := range spans {
		if s.Name == name {
			found = append(found, s)
		}
	}
	require.Len(t, found, 1, name)
	list := map[attribute.Key]any{}
	for _, a := range found[0].Attributes {
		list[a.Key] = a.Value.AsInterface()
	}
	return found[0], list
}

func TestSpansOfARequest(t *testing.T) {
	var port int
	spans := traced(t, func(t *testing.T, s *service, c *http.Client) {
		port = s.port
		require.NoError(t, get(t.Context(), c, s.url("/hello/world")))
	})
	for _, s := range spans {
		assert.Equal(t, spans[0].SpanContext.TraceID(), s.SpanContext.TraceID(), "one trace")
		assert.NotEqual(t, codes.Error, s.Status.Code, s.Name)
		assert.False(t, s.EndTime.Before(s.StartTime), s.Name)
	}
	root := "GET " + strings.TrimPrefix(strings.TrimSuffix((&service{port: port}).url(""), "/"), "https://")
	assert.Equal(t, root+"(GET(dial(resolve connect) tls GET /hello/{who}(greet)))", tree(spans, ""))

	_, a := named(t, spans, "GET")
	assert.Equal(t, "GET", a["http.request.method"])
	assert.Equal(t, name, a["server.address"])
	assert.Equal(t, int64(port), a["server.port"])
	assert.Equal(t, int64(200), a["http.response.status_code"])
	assert.Equal(t, "2", a["network.protocol.version"])
	_, a = named(t, spans, "dial")
	assert.Equal(t, name, a["server.address"])
	assert.Equal(t, "tcp", a["network.transport"])
	assert.Equal(t, "127.0.0.1", a["network.peer.address"])
	assert.Equal(t, int64(port), a["network.peer.port"])
	_, a = named(t, spans, "resolve")
	assert.Equal(t, name, a["dns.question.name"])
	_, a = named(t, spans, "connect")
	assert.Equal(t, true, a["strata.dial.won"])
	_, a = named(t, spans, "tls")
	assert.Equal(t, "1.3", a["tls.protocol.version"])
	server, a := named(t, spans, "GET /hello/{who}")
	assert.Equal(t, "server", server.SpanKind.String())
	assert.Equal(t, "GET /hello/{who}", a["http.route"])
	assert.Equal(t, "/hello/world", a["url.path"])
	assert.Equal(t, int64(200), a["http.response.status_code"])
	assert.Equal(t, int64(len("hello, world")), a["http.response.body.size"])
}

// A second request on the same conn has no dial.
func TestSpansOnAKeptConn(t *testing.T) {
	spans := traced(t, func(t *testing.T, s *service, c *http.Client) {
		for range 2 {
			require.NoError(t, get(t.Context(), c, s.url("/hello/world")))
		}
	})
	named(t, spans, "dial")
	assert.Equal(t, 2, strings.Count(tree(spans, ""), "GET /hello/{who}(greet)"))
}

// What fails is an error of the step, of the dial, and of the request, with a type
// of which there are few.
func TestSpansOfFailures(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		spans := traced(t, func(t *testing.T, s *service, c *http.Client) {
			url := s.url("/")
			require.NoError(t, s.stop())
			s.ended <- nil // for traced
			require.Error(t, get(t.Context(), c, url))
		})
		failed := map[string]int{}
		for _, s := range spans {
			assert.Equal(t, s.Name != "resolve", s.Status.Code == codes.Error, s.Name)
			failed[s.Name]++
		}
		assert.Equal(t, httpx.DefaultRetryAttempts, failed["GET"], "one for each attempt")
		assert.Equal(t, httpx.DefaultRetryAttempts, failed["dial"])
		assert.Equal(t, httpx.DefaultRetryAttempts, failed["connect"])
	})
	t.Run("a stranger's certificate", func(t *testing.T) {
		spans := traced(t, func(t *testing.T, s *service, c *http.Client) {
			url := strings.Replace(s.url("/"), name, "other.test", 1)
			require.Error(t, get(t.Context(), c, url))
		})
		tls, a := named(t, spans, "tls")
		assert.Equal(t, codes.Error, tls.Status.Code)
		assert.Equal(t, "certificate", a["error.type"])
		dial, _ := named(t, spans, "dial")
		assert.NotEqual(t, codes.Error, dial.Status.Code, "the dial itself was good")
	})
	t.Run("timeout", func(t *testing.T) {
		memory := tracetest.NewInMemoryExporter()
		provider := trace.NewTracerProvider(trace.WithSyncer(memory))
		d, err := dialer.New(&dialer.Config{Timeout: 10 * time.Millisecond, OnEvent: newTracing(provider).dialed, Lookup: stuck})
		require.NoError(t, err)
		_, err = d.DialContext(t.Context(), "tcp", "service.test:80")
		require.Error(t, err)
		for _, n := range []string{"dial", "resolve"} {
			_, a := named(t, memory.GetSpans(), n)
			assert.Equal(t, "timeout", a["error.type"], n)
		}
		require.NoError(t, provider.Shutdown(context.Background()))
	})
}

func TestRunPrintsSpans(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	for _, want := range []string{`"Name": "dial"`, `"Name": "resolve"`, `"Name": "tls"`, `"Name": "GET /hello/{who}"`} {
		assert.Contains(t, out.String(), want)
	}
}

// stuck is a lookup that ends with its context.
func stuck(ctx context.Context, _, _ string) ([]netip.Addr, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
