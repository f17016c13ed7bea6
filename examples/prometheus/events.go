package main

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/listener"
)

// events are the metrics that no Stats has: how things are distributed.
type events struct {
	requests *prometheus.HistogramVec
	size     prometheus.Histogram
	conns    prometheus.Histogram
	traffic  *prometheus.CounterVec
	dials    *prometheus.HistogramVec
}

func newEvents(r prometheus.Registerer) *events {
	e := &events{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "strata_http_server_request_seconds", Help: "How long handlers took.", Buckets: prometheus.DefBuckets,
		}, []string{"route", "code"}),
		size: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "strata_http_server_response_bytes", Help: "Bodies of responses.", Buckets: prometheus.ExponentialBuckets(100, 10, 6),
		}),
		conns: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "strata_listener_conn_seconds", Help: "How long conns were open.", Buckets: prometheus.ExponentialBuckets(0.001, 10, 7),
		}),
		traffic: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "strata_listener_bytes_total", Help: "Bytes of conns that are closed.",
		}, []string{"direction"}),
		dials: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "strata_http_pool_dial_seconds", Help: "How long dials took.", Buckets: prometheus.DefBuckets,
		}, []string{"result"}),
	}
	r.MustRegister(e.requests, e.size, e.conns, e.traffic, e.dials)
	return e
}

// conn is a listener.Config.OnEvent.
func (e *events) conn(x listener.Event) {
	if x.Kind != listener.Closed {
		return
	}
	e.conns.Observe(x.Duration.Seconds())
	if x.Received >= 0 { // -1: nobody counts them here
		e.traffic.WithLabelValues("in").Add(float64(x.Received))
		e.traffic.WithLabelValues("out").Add(float64(x.Sent))
	}
}

// request is an httpx.ServerConfig.OnEvent. The label is the pattern of the mux and
// not the path, of which clients can make as many as they like.
func (e *events) request(x httpx.Event) {
	route := x.Request.Pattern
	if route == "" {
		route = "none"
	}
	e.requests.WithLabelValues(route, strconv.Itoa(x.Status/100)+"xx").Observe(x.Duration.Seconds())
	e.size.Observe(float64(x.Bytes))
}

// dialed is an httpx.PoolConfig.OnEvent.
func (e *events) dialed(x httpx.Event) {
	result := "ok"
	if x.Err != nil {
		result = "failed"
	}
	e.dials.WithLabelValues(result).Observe(x.Duration.Seconds())
}
