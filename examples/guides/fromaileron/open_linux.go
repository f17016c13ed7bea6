package fromaileron

import (
	"context"
	"net"

	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/spec/document"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// read reads a document, and tells at once all that is wrong with it, also what only a
// builder finds.
func read[M proto.Message, C any](ctx context.Context, file string, m M, mapper func(context.Context, M) (C, error)) (cfg C, err error) {
	_, err = document.Load(file, m, &document.Options{Check: func(read proto.Message) (err error) {
		cfg, err = mapper(ctx, read.(M))
		return err
	}})
	return cfg, err
}

// listen opens what a document describes. To what comes of it a program adds what no
// document holds.
func listen(ctx context.Context, file string, seen func(listener.Event)) (net.Listener, error) {
	cfg, err := read(ctx, file, &specv1.ListenConfig{}, netspec.ListenConfig)
	if err != nil {
		return nil, err
	}
	cfg.OnEvent = seen
	return listener.New(ctx, cfg)
}

// dial makes the dialer that a document describes.
func dial(ctx context.Context, file string) (dialer.Dialer, error) {
	cfg, err := read(ctx, file, &specv1.DialConfig{}, netspec.DialConfig)
	if err != nil {
		return nil, err
	}
	return dialer.New(cfg)
}
