package netstack

import (
	"net"
	"time"
)

// SettableOption is an option that SetSockOpt takes: a value of one of the types of this
// package whose names end in Option, or a pointer to one.
type SettableOption interface{ settable() }

// GettableOption is an option that GetSockOpt fills: a pointer to one of those types.
type GettableOption interface{ gettable() }

// Options of every endpoint.
type (
	// ErrorOption is the last error of the endpoint, nil if there is none; reading clears
	// it. Get only. It tells how a connect ended.
	ErrorOption struct{ Err error }
	// ReuseAddressOption lets Bind take a port that others have: on TCP one whose conns
	// are in TIME-WAIT, on UDP one that is bound by endpoints with this option (SO_REUSEADDR).
	ReuseAddressOption bool
	// ReusePortOption lets endpoints that all have it share an address; conns and
	// datagrams are distributed among them by a hash (SO_REUSEPORT).
	ReusePortOption bool
	// SendBufferSizeOption is how many bytes can wait to be sent, within the bounds of the
	// stack. On TCP it ends their moderation. Unlike the kernel, it is not doubled.
	SendBufferSizeOption int
	// ReceiveBufferSizeOption is how many bytes can wait to be read, within the bounds of
	// the stack. On TCP it ends their moderation. Unlike the kernel, it is not doubled.
	ReceiveBufferSizeOption int
	// ReceiveQueueSizeOption is how many bytes wait to be read: of a stream all, else
	// those of the next datagram. Get only.
	ReceiveQueueSizeOption int
	// TTLOption is the time to live of IPv4 packets: 1 to 255, 0 is the stack's. On an
	// endpoint over IPv6 it is for its IPv4 packets.
	TTLOption int
	// HopLimitOption is the hop limit of IPv6 packets: 0 to 255, -1 is the stack's. IPv6 only.
	HopLimitOption int
	// TOSOption is the type of service of IPv4 packets, 0 to 255. TCP, which has one for
	// both families, keeps its ECN bits 0.
	TOSOption int
	// TrafficClassOption is the traffic class of IPv6 packets, 0 to 255, IPv6 only. TCP,
	// which has one for both families, keeps its ECN bits 0.
	TrafficClassOption int
	// DontFragmentOption sets the don't-fragment bit of IPv4 packets. The stack fragments
	// what is longer than the MTU all the same; routers will not.
	DontFragmentOption bool
	// V6OnlyOption keeps an endpoint over IPv6 from having IPv4 peers. Set it before Bind.
	V6OnlyOption bool
	// BindToDeviceOption is the NIC whose packets the endpoint takes, 0 is any. Once the
	// endpoint is bound it cannot be changed.
	BindToDeviceOption NICID
	// PasscredOption asks for credentials of the peer, which only unix sockets have. Both
	// ways it is [ErrNotSupported].
	PasscredOption bool
)

// Options of UDP and ICMP endpoints.
type (
	// BroadcastOption lets datagrams go to broadcast addresses.
	BroadcastOption bool
	// NoChecksumOption leaves the checksum out of UDP datagrams over IPv4.
	NoChecksumOption bool
)

// Options of TCP endpoints.
type (
	// NoDelayOption sends small segments at once; false is Nagle's algorithm. The engine
	// begins with true.
	NoDelayOption bool
	// KeepAliveOption makes the endpoint probe an idle peer. As with package net, a zero
	// Idle, Interval or Count is 15 s, 15 s and 9, a negative one leaves that as it is.
	// Idle and Interval are at most 32767 s, Count 127.
	KeepAliveOption net.KeepAliveConfig
	// LingerOption makes Close reset the conn, when Enabled with Timeout 0. With a
	// Timeout, of at most 65535 s, it does nothing, since Close never waits.
	LingerOption struct {
		Enabled bool
		Timeout time.Duration
	}
	// LingerTimeoutOption is how long the endpoint waits for the peer's end once it is
	// closed (TCP_LINGER2): up to 120 s, 0 is the stack's.
	LingerTimeoutOption time.Duration
	// CongestionOption is the congestion control: "cubic" or "reno".
	CongestionOption string
	// UserTimeoutOption is how long what is sent may stay unacknowledged before the conn
	// ends with ErrTimeout: up to 2^31-1 ms. 0 is the stack's.
	UserTimeoutOption time.Duration
	// DeferAcceptOption lets Accept return a conn once it has data, or after that time, of
	// at most 120 s. 0 is at once.
	DeferAcceptOption time.Duration
	// MaxSegmentOption is the greatest segment in bytes that the peer is told, 88 to 65535.
	// It is set before Connect or Listen; once connected, Get gives 536.
	MaxSegmentOption int
	// InfoOption is the state of a conn. Get only.
	InfoOption struct {
		// State is that of RFC 9293, as "ESTABLISHED".
		State string
		// RTT is the smoothed round trip time and RTTVar its variation; 0 until measured.
		RTT, RTTVar time.Duration
		// RTO is the retransmission timeout.
		RTO time.Duration
		// SndCwnd is the congestion window and SndSsthresh the slow start threshold, in
		// segments.
		SndCwnd, SndSsthresh uint32
		// Reordering says that segments have come out of order.
		Reordering bool
		// SegmentsSent, SegmentsReceived, Retransmits and Timeouts count segments since
		// the conn began.
		SegmentsSent, SegmentsReceived, Retransmits, Timeouts uint64
	}
)

func (ReuseAddressOption) settable()      {}
func (ReusePortOption) settable()         {}
func (SendBufferSizeOption) settable()    {}
func (ReceiveBufferSizeOption) settable() {}
func (TTLOption) settable()               {}
func (HopLimitOption) settable()          {}
func (TOSOption) settable()               {}
func (TrafficClassOption) settable()      {}
func (DontFragmentOption) settable()      {}
func (V6OnlyOption) settable()            {}
func (BindToDeviceOption) settable()      {}
func (PasscredOption) settable()          {}
func (BroadcastOption) settable()         {}
func (NoChecksumOption) settable()        {}
func (NoDelayOption) settable()           {}
func (KeepAliveOption) settable()         {}
func (LingerOption) settable()            {}
func (LingerTimeoutOption) settable()     {}
func (CongestionOption) settable()        {}
func (UserTimeoutOption) settable()       {}
func (DeferAcceptOption) settable()       {}
func (MaxSegmentOption) settable()        {}

func (*ErrorOption) gettable()             {}
func (*ReuseAddressOption) gettable()      {}
func (*ReusePortOption) gettable()         {}
func (*SendBufferSizeOption) gettable()    {}
func (*ReceiveBufferSizeOption) gettable() {}
func (*ReceiveQueueSizeOption) gettable()  {}
func (*TTLOption) gettable()               {}
func (*HopLimitOption) gettable()          {}
func (*TOSOption) gettable()               {}
func (*TrafficClassOption) gettable()      {}
func (*DontFragmentOption) gettable()      {}
func (*V6OnlyOption) gettable()            {}
func (*BindToDeviceOption) gettable()      {}
func (*PasscredOption) gettable()          {}
func (*BroadcastOption) gettable()         {}
func (*NoChecksumOption) gettable()        {}
func (*NoDelayOption) gettable()           {}
func (*KeepAliveOption) gettable()         {}
func (*LingerOption) gettable()            {}
func (*LingerTimeoutOption) gettable()     {}
func (*CongestionOption) gettable()        {}
func (*UserTimeoutOption) gettable()       {}
func (*DeferAcceptOption) gettable()       {}
func (*MaxSegmentOption) gettable()        {}
func (*InfoOption) gettable()              {}
