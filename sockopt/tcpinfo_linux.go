package sockopt

import (
	"encoding/binary"
	"math"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// readTCPInfo reads struct tcp_info. Kernels return as much of it as they know.
func readTCPInfo(fd uintptr) (*TCPMetrics, error) {
	var ti unix.TCPInfo
	b := unsafe.Slice((*byte)(unsafe.Pointer(&ti)), unsafe.Sizeof(ti))
	n, err := getsockopt(fd, unix.IPPROTO_TCP, unix.TCP_INFO, b)
	if err != nil {
		return nil, err
	}
	return decodeTCPInfo(&ti, uintptr(n)), nil
}

// Bits of tcpi_options, include/uapi/linux/tcp.h.
const (
	optTimestamps = 1 << iota
	optSACK
	optWScale
	optECN
	_
	optSynData
)

var congestionStates = [...]string{"open", "disorder", "cwr", "recovery", "loss"}

// decodeTCPInfo gives the first n bytes of the kernel's struct their meaning.
func decodeTCPInfo(ti *unix.TCPInfo, n uintptr) *TCPMetrics {
	d := infoDecoder{base: unsafe.Pointer(ti), n: n}
	m := &TCPMetrics{
		State: TCPState(ti.State),
		RTO:   d.micros(&ti.Rto), ATO: d.micros(&ti.Ato),
		RTT: d.micros(&ti.Rtt), RTTVar: d.micros(&ti.Rttvar), MinRTT: d.minRTT(&ti.Min_rtt), ReceiverRTT: d.micros(&ti.Rcv_rtt),
		LastDataSent: d.millis(&ti.Last_data_sent), LastDataRecv: d.millis(&ti.Last_data_recv), LastAckRecv: d.millis(&ti.Last_ack_recv),
		SndMSS: d.u32(&ti.Snd_mss), RcvMSS: d.u32(&ti.Rcv_mss), AdvMSS: d.u32(&ti.Advmss), PMTU: d.u32(&ti.Pmtu),
		SndCwnd: d.u32(&ti.Snd_cwnd), SndSsthresh: d.u32(&ti.Snd_ssthresh), RcvSsthresh: d.u32(&ti.Rcv_ssthresh), RcvSpace: d.u32(&ti.Rcv_space),
		SndWnd: d.u32(&ti.Snd_wnd), RcvWnd: d.u32(&ti.Rcv_wnd), Reordering: d.u32(&ti.Reordering),
		Retransmits: int64(ti.Retransmits), Probes: int64(ti.Probes), Backoff: int64(ti.Backoff),
		Unacked: d.u32(&ti.Unacked), Sacked: d.u32(&ti.Sacked), Lost: d.u32(&ti.Lost), Retrans: d.u32(&ti.Retrans), TotalRetrans: d.u32(&ti.Total_retrans),
		PacingRate: d.u64(&ti.Pacing_rate), MaxPacingRate: d.u64(&ti.Max_pacing_rate), DeliveryRate: d.u64(&ti.Delivery_rate),
		BytesSent: d.u64(&ti.Bytes_sent), BytesRetrans: d.u64(&ti.Bytes_retrans), BytesAcked: d.u64(&ti.Bytes_acked), BytesReceived: d.u64(&ti.Bytes_received),
		NotSentBytes: d.u32(&ti.Notsent_bytes), SegsOut: d.u32(&ti.Segs_out), SegsIn: d.u32(&ti.Segs_in),
		DataSegsOut: d.u32(&ti.Data_segs_out), DataSegsIn: d.u32(&ti.Data_segs_in),
		BusyTime: d.micros64(&ti.Busy_time), RwndLimited: d.micros64(&ti.Rwnd_limited), SndbufLimited: d.micros64(&ti.Sndbuf_limited),
		Delivered: d.u32(&ti.Delivered), DeliveredCE: d.u32(&ti.Delivered_ce), DSACKDups: d.u32(&ti.Dsack_dups),
		ReordSeen: d.u32(&ti.Reord_seen), RcvOOOPack: d.u32(&ti.Rcv_ooopack), Rehash: d.u32(&ti.Rehash),
		TotalRTO: d.u16(&ti.Total_rto), RTORecoveries: d.u16(&ti.Total_rto_recoveries), RTOTime: d.millis(&ti.Total_rto_time),
		Timestamps: ti.Options&optTimestamps != 0, SACK: ti.Options&optSACK != 0, WindowScaling: ti.Options&optWScale != 0,
		ECN: ti.Options&optECN != 0, FastOpen: ti.Options&optSynData != 0,
	}
	if int(ti.Ca_state) < len(congestionStates) {
		m.Congestion = congestionStates[ti.Ca_state]
	}
	m.SndWScale, m.RcvWScale = d.windowScales()
	return m
}

// An infoDecoder reads the fields of a struct of which the kernel filled n bytes.
type infoDecoder struct {
	base unsafe.Pointer
	n    uintptr
}

// has reports whether the kernel filled a field of a size.
func (d infoDecoder) has(field unsafe.Pointer, size uintptr) bool {
	return uintptr(field)-uintptr(d.base)+size <= d.n
}

func (d infoDecoder) u16(p *uint16) int64 {
	if !d.has(unsafe.Pointer(p), 2) {
		return Absent
	}
	return int64(*p)
}

func (d infoDecoder) u32(p *uint32) int64 {
	if !d.has(unsafe.Pointer(p), 4) {
		return Absent
	}
	return int64(*p)
}

// u64 caps at the largest int64: a rate of all ones is no limit.
func (d infoDecoder) u64(p *uint64) int64 {
	if !d.has(unsafe.Pointer(p), 8) {
		return Absent
	}
	return int64(min(*p, math.MaxInt64))
}

func (d infoDecoder) micros(p *uint32) time.Duration { return scaled(d.u32(p), time.Microsecond) }

func (d infoDecoder) millis(p *uint32) time.Duration { return scaled(d.u32(p), time.Millisecond) }

func (d infoDecoder) micros64(p *uint64) time.Duration { return scaled(d.u64(p), time.Microsecond) }

// minRTT is all ones before the first measurement.
func (d infoDecoder) minRTT(p *uint32) time.Duration {
	if *p == math.MaxUint32 {
		return Absent
	}
	return d.micros(p)
}

func scaled(n int64, unit time.Duration) time.Duration {
	if n == Absent {
		return Absent
	}
	return time.Duration(n) * unit
}

// windowScales are two bit fields in the byte after tcpi_options, which x/sys leaves as padding.
func (d infoDecoder) windowScales() (snd, rcv int) {
	const offset = 6
	b := *(*byte)(unsafe.Add(d.base, offset))
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 { // big endian: bit fields start at the top
		return int(b >> 4), int(b & 15)
	}
	return int(b & 15), int(b >> 4)
}
