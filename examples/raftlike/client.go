package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"
)

// Client has commands for the cluster.
type Client struct {
	Host  Host
	Nodes []string
	Wait  time.Duration // for an answer
	Pause time.Duration // when no node has one

	leader string // who was it last
}

// Propose returns the index of a command once that is committed. It tries as long as
// the context lasts. The ID tells a command that is tried again from a new one.
func (c *Client) Propose(ctx context.Context, id, command string) (uint64, error) {
	for try := 0; ; try++ {
		to := c.leader
		if to == "" {
			to = c.Nodes[try%len(c.Nodes)]
		}
		m, err := c.ask(ctx, to, Message{Kind: kindPropose, ID: id, Command: command})
		switch {
		case err == nil && m.OK:
			c.leader = to
			return m.Index, nil
		case err == nil && m.Leader != to:
			c.leader = m.Leader
		default:
			c.leader = ""
		}
		select {
		case <-ctx.Done():
			return 0, errors.Join(fmt.Errorf("command %s: %w", id, ctx.Err()), err)
		case <-time.After(c.Pause):
		}
	}
}

// List returns the log as far as a node knows it to be committed.
func (c *Client) List(ctx context.Context, node string) (Message, error) {
	return c.ask(ctx, node, Message{Kind: kindList})
}

// ask sends a message and waits for the answer.
func (c *Client) ask(ctx context.Context, to string, m Message) (answer Message, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	conn, err := c.Host.Dial(ctx, to+port)
	if err != nil {
		return answer, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	m.From = c.Host.Name()
	if err := json.NewEncoder(conn).Encode(m); err != nil {
		return answer, err
	}
	return answer, readMessage(conn, &answer)
}

func readMessage(conn net.Conn, m *Message) error {
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, maxLine)
	if !lines.Scan() {
		return errors.Join(errors.New("no answer"), lines.Err())
	}
	return json.Unmarshal(lines.Bytes(), m)
}
