package httpx

import "time"

// What a zero field of a [TransportConfig] or an [HTTP2Config] means. The
// reasons, and what was measured, are in the docs of the fields.
const (
	// DefaultDialTimeout leaves room for three SYNs that are lost: they are sent again after 1, 3 and 7 s.
	DefaultDialTimeout = 10 * time.Second
	// DefaultTLSHandshakeTimeout is net/http's own.
	DefaultTLSHandshakeTimeout = 10 * time.Second
	// DefaultResponseHeaderTimeout ends a wait that is endless in net/http.
	DefaultResponseHeaderTimeout = time.Minute
	// DefaultExpectContinueTimeout is net/http's own.
	DefaultExpectContinueTimeout = time.Second
	// DefaultIdleConnTimeout is net/http's own.
	DefaultIdleConnTimeout = 90 * time.Second

	// DefaultMaxIdleConns is for all hosts together; net/http keeps 100.
	DefaultMaxIdleConns = 1024
	// DefaultMaxIdleConnsPerHost is for one host; net/http keeps 2.
	DefaultMaxIdleConnsPerHost = 128

	// DefaultMaxResponseHeaderBytes is 1 MiB; net/http reads 10 MiB.
	DefaultMaxResponseHeaderBytes = 1 << 20
	// DefaultReadBufferSize is 4 KiB, as in net/http.
	DefaultReadBufferSize = 4 << 10
	// DefaultWriteBufferSize is 4 KiB, as in net/http.
	DefaultWriteBufferSize = 4 << 10

	// DefaultMaxReadFrameSize is the largest HTTP/2 frame that is taken: 256 KiB; net/http's client takes 16 KiB.
	DefaultMaxReadFrameSize = 256 << 10
	// DefaultMaxReceiveBufferPerStream is what a response may have in memory before it is read: 4 MiB, as in net/http.
	DefaultMaxReceiveBufferPerStream = 4 << 20
	// DefaultMaxReceiveBufferPerConnection is the same for all responses of a conn: 1 GiB, as in net/http.
	DefaultMaxReceiveBufferPerConnection = 1 << 30
	// DefaultSendPingTimeout is how long an HTTP/2 conn may be silent before it is asked; net/http never asks.
	DefaultSendPingTimeout = 15 * time.Second
	// DefaultPingTimeout is how long the answer to that may take; 15 s in net/http.
	DefaultPingTimeout = 10 * time.Second
)

// What a zero field of a [ServerConfig] means. What clients can make a server
// hold with those of HTTP/2 is in the docs of ServerConfig.HTTP2.
const (
	DefaultReadHeaderTimeout  = 10 * time.Second
	DefaultServerIdleTimeout  = 2 * time.Minute
	DefaultStallTimeout       = time.Minute
	DefaultStreamTimeout      = time.Hour
	DefaultDrainTimeout       = 30 * time.Second
	DefaultServerHeaderBytes  = 64 << 10
	DefaultConcurrentStreams  = 250
	DefaultServerPingTimeout  = 30 * time.Second
	DefaultServerPingInterval = 30 * time.Second
	DefaultAltSvcMaxAge       = 24 * time.Hour

	// DefaultServerReadFrameSize is the largest HTTP/2 frame that the server
	// takes: 256 KiB. A conn keeps a buffer of the largest one that came;
	// net/http takes 1 MiB, with which uploads were no faster: these had 1.11 of
	// its speed and 0.95 of its CPU time.
	DefaultServerReadFrameSize = 256 << 10
	// DefaultServerReceiveBufferPerStream is what a request may have in memory
	// before the handler reads it: 1 MiB, as in net/http. With 100 ms of round
	// trip it allows 10 MB/s. On loopback 512 KiB were as fast and 2 MiB gave
	// 1.05 of the speed; 256 and 128 KiB gave 0.92.
	DefaultServerReceiveBufferPerStream = 1 << 20
	// DefaultServerReceiveBufferPerConnection is the same for all requests of a
	// conn: 2 MiB. net/http has 1 MiB, which a single upload that nobody reads
	// takes up, and so stops all others of its conn.
	DefaultServerReceiveBufferPerConnection = 2 << 20
)
