package main

import (
	"context"

	"github.com/strata-net/strata/listener/udpbatch"
	"github.com/strata-net/strata/sockopt"
)

// batchConn is the SDK's.
type batchConn struct {
	*udpbatch.Conn
	batch []udpbatch.Message
	size  int
}

func batchConfig() *udpbatch.Config {
	return &udpbatch.Config{Options: sockopt.Options{
		// As much as the process may: what the force asks for needs a capability.
		sockopt.RcvBuf.Value(socketBuffer), sockopt.Prefer(sockopt.RcvBufForce.Value(socketBuffer)),
		sockopt.SndBuf.Value(socketBuffer), sockopt.Prefer(sockopt.SndBufForce.Value(socketBuffer)),
	}}
}

func newBatchSender(j job) (sender, error) {
	c, err := udpbatch.Dial(context.Background(), "udp4://"+j.address, batchConfig())
	if err != nil {
		return nil, err
	}
	b := &batchConn{Conn: c}
	for _, data := range datagrams(j) {
		b.batch = append(b.batch, udpbatch.Message{Data: data})
	}
	return b, nil
}

func newBatchReceiver(j job) (receiver, error) {
	config := batchConfig()
	config.Address = "udp4://" + j.address
	c, err := udpbatch.Listen(context.Background(), config)
	if err != nil {
		return nil, err
	}
	return &batchConn{Conn: c, batch: make([]udpbatch.Message, j.batch), size: j.size}, nil
}

func (b *batchConn) send() (int, error) { return b.WriteBatch(b.batch) }

func (b *batchConn) receive() (n, cut int, err error) {
	n, err = b.ReadBatch(b.batch)
	if err != nil {
		return 0, 0, err
	}
	for i := range b.batch[:n] {
		if len(b.batch[i].Data) != b.size {
			cut++
		}
	}
	return n, cut, nil
}

func (b *batchConn) port() int { return portOf(b) }
