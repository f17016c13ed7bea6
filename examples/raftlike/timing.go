package main

import "time"

// Timing says how long nodes wait for each other.
type Timing struct {
	Heartbeat time.Duration // a leader says that it is there
	Election  time.Duration // without a leader; each node waits up to twice as long
	Silence   time.Duration // of a peer, before a new conn is tried
	Dial      time.Duration // for a conn, and for a write
	Idle      time.Duration // without a message, before a conn is closed
}

// wan is for nodes far from each other; local for processes of a machine.
var (
	wan   = Timing{Heartbeat: time.Second, Election: 3 * time.Second, Silence: 3 * time.Second, Dial: 2 * time.Second, Idle: time.Minute}
	local = Timing{Heartbeat: 100 * time.Millisecond, Election: 500 * time.Millisecond, Silence: 3 * time.Second, Dial: 2 * time.Second, Idle: time.Minute}
)
