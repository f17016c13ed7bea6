package lonet

import (
	"context"
	"net"
	"os"
	"time"
)

const (
	MaxName    = maxName
	MaxPending = maxPending
	MinPending = minPending
	MaxKnown   = maxKnown
	NetPrefix  = netPrefix
	HostPrefix = hostPrefix
	WatchAfter = watchAfter
)

var (
	FileName     = fileName
	FolderName   = folderName
	ParseRequest = parseRequest
	ParseReply   = parseReply
	ParseRecord  = parseRecord
	ReadLine     = readLine
	LockFile     = lockFile
	UnlockFile   = unlockFile
	Held         = held
	NewConn      = newConn
	Refusal      = refusal
	Greet        = greet
	Ended        = ended
	NewRegistry  = newRegistry
	CheckBase    = checkBase
)

type (
	Request = request
	Reply   = reply
	Record  = record
	Pending = pending
)

func (r request) Line() []byte { return r.line() }
func (r reply) Line() []byte   { return r.line() }
func (r reply) Err() error     { return r.err() }

func (p *pending) Add(ctx context.Context, c net.Conn) { p.add(ctx, c) }
func (p *pending) Close()                              { p.close() }

// Remember is the second half of a query.
func (r *registry) Remember(hostname string, f *os.File) error {
	return r.remember(hostname, &claim{file: f})
}

// HandshakeTimeout returns what is in force.
func HandshakeTimeout() time.Duration { return handshakeTimeout }

// SetHandshakeTimeout makes strangers go sooner, until the function is called.
func SetHandshakeTimeout(d time.Duration) (restore func()) {
	old := handshakeTimeout
	handshakeTimeout = d
	return func() { handshakeTimeout = old }
}

// SetLockTimeout makes waiting for locks shorter, until the function is called.
func SetLockTimeout(d time.Duration) (restore func()) {
	old := lockTimeout
	lockTimeout = d
	return func() { lockTimeout = old }
}
