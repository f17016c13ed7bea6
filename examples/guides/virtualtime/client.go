package virtualtime

import (
	"context"
	"encoding/gob"
	"net"
	"time"
)

// Host is all that client and server know of a network: hosts of virtnet are such.
type Host interface {
	Listen(laddr string) (net.Listener, error)
	Dial(ctx context.Context, addr string) (net.Conn, error)
}

// Add asks the server to add, and again until it answers: patience is how long one
// attempt may take.
func Add(ctx context.Context, h Host, server, id string, n int, patience time.Duration) error {
	for {
		err := attempt(ctx, h, server, request{id, n}, patience)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(patience / 10):
		}
	}
}

func attempt(ctx context.Context, h Host, server string, r request, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := h.Dial(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := gob.NewEncoder(conn).Encode(r); err != nil {
		return err
	}
	return gob.NewDecoder(conn).Decode(new(response))
}
