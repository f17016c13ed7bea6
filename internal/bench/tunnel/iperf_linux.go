package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// iperf is what iperf3 prints about a test.
type iperf struct {
	End struct {
		Received struct {
			Bytes   int64   `json:"bytes"`
			Seconds float64 `json:"seconds"`
		} `json:"sum_received"` //nolint:tagliatelle // iperf3's name
	} `json:"end"`
	Error string `json:"error"`
}

// iperf lets iperf3 make the traffic: whole seconds of it.
func (t *turn) iperf() error {
	ctx, cancel := context.WithTimeout(context.Background(), t.time+time.Minute)
	defer cancel()
	server := exec.CommandContext(ctx, "iperf3", "-s", "-1", "--forceflush")
	if err := t.listening(server); err != nil {
		return err
	}
	args := []string{"-c", t.target, "-J", "-P", strconv.Itoa(t.n), "-t", fmt.Sprint(math.Ceil(t.time.Seconds()))}
	if t.down {
		args = append(args, "-R")
	}
	client := exec.CommandContext(ctx, "iperf3", args...)
	var text []byte
	err := t.client.Do(func() (err error) {
		text, err = client.Output()
		return err
	})
	var r iperf
	if e := json.Unmarshal(text, &r); e != nil || r.Error != "" {
		cancel()
		return errors.Join(fmt.Errorf("%v: %s", client.Args, r.Error), err, e, server.Wait())
	}
	if err := errors.Join(err, server.Wait()); err != nil {
		return err
	}
	t.row.amount, t.row.seconds = float64(r.End.Received.Bytes), r.End.Received.Seconds
	for _, p := range []*os.ProcessState{client.ProcessState, server.ProcessState} {
		t.row.all += int64(p.UserTime() + p.SystemTime())
	}
	return nil
}

// listening starts a server and waits until it can be reached.
func (t *turn) listening(server *exec.Cmd) error {
	out, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := t.server.Do(server.Start); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Server listening") {
			go func() {
				for lines.Scan() { // what it says of its test, so that it need not wait
				}
			}()
			return nil
		}
	}
	return fmt.Errorf("%v does not listen: %w", server.Args, errors.Join(lines.Err(), server.Wait()))
}
