package main

import (
	"slices"

	"github.com/strata-net/strata/internal/bench/turns"
)

// A way speaks a protocol through some library.
type way struct {
	name string
	open func(s settings) (*link, error)
}

// settings are what all ways of a case have in common.
type settings struct {
	credentials
	handshake handshake
	windows   uint64 // bytes of a conn and of a stream that may be on their way, 0: the defaults
	datagrams bool
}

// handshake is how conns begin.
type handshake uint8

const (
	full    handshake = iota // the server gives no tickets
	resumed                  // with a ticket of an earlier conn
	early                    // with a ticket, and data along with the first packet
)

// The ways of quic-go, which the others are compared with.
var (
	bare = way{"quic-go", openBare}
	ours = way{"quicx", openOurs}
)

// cases are those of the streams, of the handshakes, and of the datagrams.
func cases() []turns.Case {
	both := []way{bare, ours, {"quicx streams as net.Conn", openStreams}}
	xnet := []way{{"x/net/quic", openXNet}, {"quicx/xquic", openXQuic}}
	tcp := []way{{"TLS 1.3 over TCP", openTLS}}
	all := slices.Concat(both, []way{
		{"quicx, windows of 32 MiB", openWide},
		{"quic-go, *net.UDPConn hidden", openHidden},
		{"quic-go, GSO off", openWithoutGSO},
	}, xnet, tcp, []way{{"TCP", openTCP}})
	shards := []way{bare, ours, {"quicx, 2 shards", openShards}}
	return slices.Concat([]turns.Case{
		transfers("download", all, transfer{conns: 1, streams: 1}),
		transfers("upload", all, transfer{conns: 1, streams: 1, up: true}),
		transfers("download, 8 streams", slices.Concat(both, xnet), transfer{conns: 1, streams: 8}),
		transfers("upload, 8 streams", slices.Concat(both, xnet), transfer{conns: 1, streams: 8, up: true}),
		transfers("download, 8 conns", shards, transfer{conns: 8, streams: 1}),
		handshakes("full handshake", slices.Concat(both, xnet, tcp), full),
		handshakes("resumed handshake", slices.Concat(both, tcp), resumed), // the servers of x/net/quic give no tickets
		handshakes("0-RTT", []way{bare, ours}, early),
	}, datagramCases())
}

// transfers makes a case of moving bytes.
func transfers(name string, ways []way, t transfer) turns.Case {
	c := turns.Case{Name: name, Unit: "MiB"}
	for _, w := range ways {
		c.Ways = append(c.Ways, lane(w, full, t.turn))
	}
	return c
}

// handshakes makes a case of dialling.
func handshakes(name string, ways []way, h handshake) turns.Case {
	c := turns.Case{Name: name, Unit: "conn"}
	for _, w := range ways {
		c.Ways = append(c.Ways, lane(w, h, dials))
	}
	return c
}

// lane opens a way and gives it a turn.
func lane(w way, h handshake, turn func(*link, *turns.Meter) error) turns.Way {
	return turns.Way{Name: w.name, Open: func() (*turns.Lane, error) {
		c, err := newCredentials(h)
		if err != nil {
			return nil, err
		}
		l, err := w.open(settings{credentials: c, handshake: h})
		if err != nil {
			return nil, err
		}
		if err = l.warm(c, h); err != nil {
			l.close()
			return nil, err
		}
		return &turns.Lane{Turn: func(m *turns.Meter) error { return turn(l, m) }, Close: l.close}, nil
	}}
}
