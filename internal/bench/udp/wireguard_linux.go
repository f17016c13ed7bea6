package main

import (
	"math"
	"net"
	"strconv"

	"golang.zx2c4.com/wireguard/conn"
)

// wireguardBind is what wireguard-go sends and receives with: batches, GSO and GRO. It sets its own buffers, and has no
// connected form.
type wireguardBind struct {
	conn.Bind
	bound    uint16
	endpoint conn.Endpoint
	take     conn.ReceiveFunc
	buffers  [][]byte
	sizes    []int
	from     []conn.Endpoint
	size     int
}

func newWireguard(j job) (*wireguardBind, error) {
	w := &wireguardBind{Bind: conn.NewStdNetBind(), size: j.size}
	_, text, err := net.SplitHostPort(j.address)
	if err != nil {
		return nil, err
	}
	port := 0
	if j.role == receiving {
		if port, err = strconv.Atoi(text); err != nil {
			return nil, err
		}
	}
	funcs, bound, err := w.Open(uint16(port))
	if err != nil {
		return nil, err
	}
	w.take, w.bound = funcs[0], bound // IPv4 comes first
	n := w.BatchSize()                // a read with room for fewer loses all
	if j.role == sending {
		n = min(n, j.batch)
	}
	w.sizes, w.from = make([]int, n), make([]conn.Endpoint, n)
	for range n {
		w.buffers = append(w.buffers, make([]byte, math.MaxUint16)) // as wireguard-go has them
	}
	return w, nil
}

func newWireguardSender(j job) (sender, error) {
	w, err := newWireguard(j)
	if err != nil {
		return nil, err
	}
	for i, data := range datagrams(j)[:len(w.buffers)] {
		// The bind appends to the first buffer of a train: it needs the room behind it.
		w.buffers[i] = w.buffers[i][:copy(w.buffers[i], data)]
	}
	w.endpoint, err = w.ParseEndpoint(j.address)
	return w, err
}

func newWireguardReceiver(j job) (receiver, error) { return newWireguard(j) }

func (w *wireguardBind) send() (int, error) {
	if err := w.Send(w.buffers, w.endpoint); err != nil {
		return 0, err
	}
	return len(w.buffers), nil
}

func (w *wireguardBind) receive() (n, cut int, err error) {
	filled, err := w.take(w.buffers, w.sizes, w.from)
	if err != nil {
		return 0, 0, err
	}
	for _, size := range w.sizes[:filled] {
		switch size {
		case 0: // to be ignored, the documentation says
		case w.size:
			n++
		default:
			n++
			cut++
		}
	}
	return n, cut, nil
}

func (w *wireguardBind) port() int { return int(w.bound) }
