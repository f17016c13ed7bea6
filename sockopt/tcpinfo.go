package sockopt

import (
	"syscall"
	"time"
)

// Absent is the value of a [TCPMetrics] field that the kernel did not return.
const Absent = -1

// TCPMetrics is what the kernel knows of a TCP connection. A field that this kernel does not have is [Absent].
// Counters start with the connection; sizes are in bytes unless the name says segments.
type TCPMetrics struct {
	State         TCPState      // of the connection
	Congestion    string        // state of congestion control: "open", "disorder", "cwr", "recovery", "loss"
	RTO           time.Duration // retransmission timeout
	ATO           time.Duration // delayed acknowledgement timeout
	RTT           time.Duration // smoothed round trip time
	RTTVar        time.Duration // mean deviation of the round trip time
	MinRTT        time.Duration // smallest round trip time of late
	ReceiverRTT   time.Duration // round trip time as the receiver sees it
	LastDataSent  time.Duration // since data was last sent
	LastDataRecv  time.Duration // since data was last received
	LastAckRecv   time.Duration // since an acknowledgement was last received
	SndMSS        int64         // segment size of what is sent
	RcvMSS        int64         // segment size of what is received
	AdvMSS        int64         // segment size that was advertised
	PMTU          int64         // path MTU
	SndCwnd       int64         // congestion window, in segments
	SndSsthresh   int64         // slow start threshold, in segments
	RcvSsthresh   int64         // receive window threshold
	RcvSpace      int64         // receive buffer that autotuning aims at
	SndWnd        int64         // window that the peer advertised (Linux 5.4)
	RcvWnd        int64         // window that was advertised to the peer (Linux 6.2)
	Reordering    int64         // segments that may arrive late before they count as lost
	Retransmits   int64         // timeouts in a row without an answer
	Probes        int64         // keep-alive or window probes in a row without an answer
	Backoff       int64         // doublings of the timeout
	Unacked       int64         // segments in flight
	Sacked        int64         // segments that the peer acknowledged selectively
	Lost          int64         // segments taken for lost
	Retrans       int64         // retransmitted segments in flight
	TotalRetrans  int64         // segments retransmitted in all
	PacingRate    int64         // bytes a second; math.MaxInt64 is no limit (Linux 3.15)
	MaxPacingRate int64         // bytes a second; math.MaxInt64 is no limit (Linux 3.15)
	DeliveryRate  int64         // bytes a second that lately reached the peer (Linux 4.9)
	BytesSent     int64         // with retransmissions (Linux 4.19)
	BytesRetrans  int64         // retransmitted (Linux 4.19)
	BytesAcked    int64         // acknowledged by the peer (Linux 4.1)
	BytesReceived int64         // received in order (Linux 4.1)
	NotSentBytes  int64         // in the send buffer, not sent yet (Linux 4.6)
	SegsOut       int64         // segments sent (Linux 4.2)
	SegsIn        int64         // segments received (Linux 4.2)
	DataSegsOut   int64         // of these with data (Linux 4.6)
	DataSegsIn    int64         // of these with data (Linux 4.6)
	BusyTime      time.Duration // time with data to send (Linux 4.10)
	RwndLimited   time.Duration // of this, held back by the peer's window (Linux 4.10)
	SndbufLimited time.Duration // of this, held back by the send buffer (Linux 4.10)
	Delivered     int64         // segments delivered (Linux 4.18)
	DeliveredCE   int64         // of these with a congestion mark (Linux 4.18)
	DSACKDups     int64         // segments that arrived twice (Linux 4.19)
	ReordSeen     int64         // reordering events (Linux 4.19)
	RcvOOOPack    int64         // segments that arrived out of order (Linux 5.4)
	Rehash        int64         // changes of path after timeouts (Linux 6.2)
	TotalRTO      int64         // timeouts in all (Linux 6.7)
	RTORecoveries int64         // recoveries from timeouts (Linux 6.7)
	RTOTime       time.Duration // time spent in recoveries (Linux 6.7)

	Timestamps, SACK, WindowScaling, ECN, FastOpen bool // options in use; FastOpen: data of the SYN was acknowledged
	SndWScale, RcvWScale                           int  // window scales, if WindowScaling
}

// TCPState is the state of a connection, in the numbers of Linux.
type TCPState uint8

var tcpStates = [...]string{
	"", "established", "syn-sent", "syn-recv", "fin-wait-1", "fin-wait-2", "time-wait",
	"close", "close-wait", "last-ack", "listen", "closing", "new-syn-recv",
}

// String returns the name that ss prints: "established", "close-wait".
func (s TCPState) String() string {
	if int(s) < len(tcpStates) {
		return tcpStates[s]
	}
	return ""
}

// TCPInfo reads the metrics of a TCP connection or listener (TCP_INFO, Linux). Elsewhere it answers
// errors.ErrUnsupported. For a Multipath TCP socket the kernel answers for the first subflow.
func TCPInfo(c syscall.Conn) (*TCPMetrics, error) {
	fail := func(network string, err error) (*TCPMetrics, error) {
		return nil, &Error{Op: "get", Option: "TCP_INFO", Network: network, Err: err}
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return fail("", err)
	}
	var m *TCPMetrics
	var network string
	cerr := raw.Control(func(fd uintptr) {
		s := describe(fd)
		network = s.name()
		if s.network&tcp == 0 {
			err = unsupportedError{reason: "only for " + tcp.String()}
			return
		}
		m, err = readTCPInfo(fd)
	})
	switch {
	case cerr != nil:
		return fail(network, cerr)
	case err != nil:
		return fail(network, err)
	}
	return m, nil
}
