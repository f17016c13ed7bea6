package main

import (
	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/quicx"
)

func listenerStats(l listener.Listener) *collector {
	c := new(collector)
	accepted := c.describe("listener_accepted_total", "Conns that Accept returned.")
	active := c.describe("listener_active", "Conns that are open.")
	refused := c.describe("listener_refused_total", "Conns that a rule or limit refused.", "reason")
	failed := c.describe("listener_failed_total", "Conns that failed before Accept.", "reason")
	cut := c.describe("listener_cut_total", "Open conns that were ended.", "reason")
	c.stats = func() []sample {
		s := l.Stats()
		return []sample{
			counter(accepted, s.Accepted), gauge(active, s.Active),
			counter(refused, s.RefusedByRule, "rule"), counter(refused, s.RefusedBySource, "source"),
			counter(refused, s.RefusedByRate, "rate"), counter(refused, s.RefusedByLimit, "limit"),
			counter(failed, s.HeadersFailed, "header"), counter(failed, s.HandshakesFailed, "handshake"),
			counter(failed, s.HandshakesDropped, "dropped"), counter(failed, s.AcceptErrors, "accept"),
			counter(cut, s.CutIdle, "idle"), counter(cut, s.CutAge, "age"), counter(cut, s.CutSlow, "slow"),
		}
	}
	return c
}

func serverStats(server *httpx.Server) *collector {
	c := new(collector)
	requests := c.describe("http_server_requests_total", "Requests.", "protocol")
	inFlight := c.describe("http_server_in_flight", "Requests that a handler has.", "protocol")
	conns := c.describe("http_server_conns", "Conns.", "state")
	c.stats = func() []sample {
		s := server.Stats()
		return []sample{
			counter(requests, s.HTTP1.Total, "1"), counter(requests, s.HTTP2.Total, "2"), counter(requests, s.HTTP3.Total, "3"),
			gauge(inFlight, s.HTTP1.InFlight, "1"), gauge(inFlight, s.HTTP2.InFlight, "2"), gauge(inFlight, s.HTTP3.InFlight, "3"),
			gauge(conns, s.New, "new"), gauge(conns, s.Active, "active"), gauge(conns, s.Idle, "idle"), gauge(conns, s.Hijacked, "hijacked"),
		}
	}
	return c
}

// poolStats sums up over the addresses of a pool: there may be hundreds, and a name
// in the DNS decides which.
func poolStats(p *httpx.Pool) *collector {
	c := new(collector)
	addresses := c.describe("http_pool_addresses", "Addresses.", "state")
	conns := c.describe("http_pool_conns", "Conns.", "state")
	inFlight := c.describe("http_pool_in_flight", "Requests whose response is not read.", "state")
	waiting := c.describe("http_pool_waiting", "Requests that wait for a conn.")
	states := []httpx.PoolState{httpx.PoolUntried, httpx.PoolUp, httpx.PoolDown, httpx.PoolDraining}
	c.stats = func() (list []sample) {
		var wait int
		var sum [4]struct{ addresses, conns, inFlight int }
		for _, h := range p.Stats().Hosts {
			wait += h.Waiting
			for _, a := range h.Addresses {
				sum[a.State].addresses++
				sum[a.State].conns += a.Conns
				sum[a.State].inFlight += a.InFlight
			}
		}
		for _, s := range states {
			list = append(list, gauge(addresses, sum[s].addresses, s.String()),
				gauge(conns, sum[s].conns, s.String()), gauge(inFlight, sum[s].inFlight, s.String()))
		}
		return append(list, gauge(waiting, wait))
	}
	return c
}

func quicStats(l *quicx.Listener) *collector {
	c := new(collector)
	accepted := c.describe("quic_accepted_total", "Conns that Accept returned.")
	active := c.describe("quic_active", "Conns that are open.")
	retries := c.describe("quic_retries_total", "First packets that were answered with a Retry.")
	refused := c.describe("quic_refused_total", "First packets that a rule or limit refused.", "reason")
	failed := c.describe("quic_handshakes_failed_total", "Handshakes that failed.")
	c.stats = func() []sample {
		s := l.Stats()
		return []sample{
			counter(accepted, s.Accepted), gauge(active, s.Active), counter(retries, s.Retries),
			counter(refused, s.RefusedByRule, "rule"), counter(refused, s.RefusedBySource, "source"),
			counter(refused, s.RefusedByLimit, "limit"), counter(refused, s.RefusedByHandshakes, "handshakes"),
			counter(refused, s.RefusedByConfig, "config"), counter(failed, s.HandshakesFailed),
		}
	}
	return c
}

func dtlsStats(l *dtlsx.Listener) *collector {
	c := new(collector)
	accepted := c.describe("dtls_accepted_total", "Conns that Accept returned.")
	active := c.describe("dtls_active", "Conns that are open.")
	datagrams := c.describe("dtls_received_total", "Datagrams that came.")
	dropped := c.describe("dtls_dropped_total", "Datagrams that were of no use.", "reason")
	refused := c.describe("dtls_refused_total", "Clients that a rule or limit refused.", "reason")
	failed := c.describe("dtls_handshakes_failed_total", "Handshakes that failed.")
	c.stats = func() []sample {
		s := l.Stats()
		return []sample{
			counter(accepted, s.Accepted), gauge(active, s.Active), counter(datagrams, s.Received),
			counter(dropped, s.Malformed, "malformed"), counter(dropped, s.Stray, "stray"), counter(dropped, s.Dropped, "queue"),
			counter(refused, s.RefusedByRule, "rule"), counter(refused, s.RefusedBySource, "source"), counter(refused, s.RefusedByLimit, "limit"),
			counter(failed, s.HandshakesFailed),
		}
	}
	return c
}

func stackStats(stack *netstack.Stack) *collector {
	c := new(collector)
	opens := c.describe("netstack_tcp_opens_total", "TCP conns.", "side")
	established := c.describe("netstack_tcp_established", "TCP conns that are open.")
	segments := c.describe("netstack_tcp_segments_total", "TCP segments.", "direction")
	retransmits := c.describe("netstack_tcp_retransmits_total", "TCP segments that were sent again.")
	packets := c.describe("netstack_ip_packets_total", "IP packets.", "direction")
	c.stats = func() []sample {
		s := stack.Stats()
		return []sample{
			counter(opens, s.TCP.ActiveOpens, "active"), counter(opens, s.TCP.PassiveOpens, "passive"),
			gauge(established, s.TCP.CurrentEstablished),
			counter(segments, s.TCP.SegmentsReceived, "in"), counter(segments, s.TCP.SegmentsSent, "out"),
			counter(retransmits, s.TCP.Retransmits),
			counter(packets, s.IP.PacketsReceived, "in"), counter(packets, s.IP.PacketsSent, "out"),
		}
	}
	return c
}
