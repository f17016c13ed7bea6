package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
)

// A trial is a way and a version of IP, tried with all clients.
type trial struct {
	clients

	way, version string
	server       string // its address
	nobody       string // an address that nobody has
	dns          string // the port of the name server, or of what stands for it
	dnsHost      string // its address
	size         int64  // bytes of a download and of an upload
	refusal      string // what curl says of a port that nobody listens at
	datagrams    udpPolicy
	pings        echoPolicy

	cells []string
	flows string // what the forwarder counted
	errs  []error
}

// A check is a column of the table.
type check struct {
	name string
	// run returns what was seen; "-" is what this way does not have.
	run func(*trial, context.Context) (string, error)
}

// checks are the columns, in their order.
var checks = []check{
	{"HTTP", (*trial).compare},
	{"REFUSED", (*trial).refused},
	{"DNS", (*trial).lookup},
	{"TRUNCATED", (*trial).truncated},
	{"PING", (*trial).ping},
	{"DOWN", (*trial).download},
	{"UP", (*trial).upload},
}

// run does all checks, whatever became of those before.
func (t *trial) run(ctx context.Context) {
	for _, c := range checks {
		cell, err := c.run(t, ctx)
		if err != nil {
			cell = "FAILED"
			t.errs = append(t.errs, fmt.Errorf("demo: %s, %s: %s: %w", t.way, t.version, c.name, err))
		}
		t.cells = append(t.cells, cell)
	}
}

// err returns what did not work.
func (t *trial) err() error { return errors.Join(t.errs...) }

// url returns a URL of the web server.
func (t *trial) url(path string) string {
	return "http://" + net.JoinHostPort(t.server, "80") + path
}

// closed is a port that nobody listens at.
const closed = 9

// closedURL is that port's.
func (t *trial) closedURL() string {
	return "http://" + net.JoinHostPort(t.server, strconv.Itoa(closed)) + "/"
}
