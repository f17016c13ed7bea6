package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// probeSocket is the environment variable that tells the gateway where to answer.
const probeSocket = "STRATA_ENDURANCE_PROBE"

// sizes are what must not grow.
type sizes struct {
	Goroutines int64 `json:"goroutines"`
	Heap       int64 `json:"heap"`
	Seconds    int64 `json:"seconds"` // of the gateway's clock

	descriptors int
	rss         int64
}

// ask gets a page of the probe in the gateway (testdata/probe.go).
func ask(socket, page string) ([]byte, error) {
	c := http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
	res, err := c.Get("http://probe/" + page) //nolint:noctx // it has a timeout
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("probe %s: %s", page, res.Status)
	}
	return io.ReadAll(res.Body)
}

// measure says how large the gateway is, after a collection if that is wanted.
func (g *gateway) measure(collect bool) (sizes, error) {
	page := "sizes"
	if collect {
		page += "?collect=1"
	}
	var s sizes
	text, err := ask(g.socket, page)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return s, err
	}
	if s.descriptors, err = descriptorsOf(g.pid()); err != nil {
		return s, err
	}
	s.rss, err = statusOf(g.pid(), "VmRSS")
	return s, err
}
