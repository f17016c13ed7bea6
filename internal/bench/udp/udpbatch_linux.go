package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/strata-net/strata/listener/udpbatch"
	"github.com/strata-net/strata/sockopt"
)

// batchConn is the SDK's.
type batchConn struct {
	*udpbatch.Conn
	batch []udpbatch.Message
	size  int
}

// batch opens a conn with buffers past the system's limit where the process may, as setBuffers.
func batch(open func(*udpbatch.Config) (*udpbatch.Conn, error)) (*udpbatch.Conn, error) {
	plain := sockopt.Options{sockopt.RcvBuf.Value(socketBuffer), sockopt.SndBuf.Value(socketBuffer)}
	force := sockopt.Options{sockopt.RcvBufForce.Value(socketBuffer), sockopt.SndBufForce.Value(socketBuffer)}
	c, err := open(&udpbatch.Config{Options: force})
	if errors.Is(err, fs.ErrPermission) {
		return open(&udpbatch.Config{Options: plain})
	}
	return c, err
}

func newBatchSender(j job) (sender, error) {
	c, err := batch(func(config *udpbatch.Config) (*udpbatch.Conn, error) {
		return udpbatch.Dial(context.Background(), "udp4://"+j.address, config)
	})
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
	c, err := batch(func(config *udpbatch.Config) (*udpbatch.Conn, error) {
		config.Address = "udp4://" + j.address
		return udpbatch.Listen(context.Background(), config)
	})
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
