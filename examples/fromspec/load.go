package main

import (
	"context"
	"os"

	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec/document"
)

// load reads a document of one kind and gives it to the mapper of that kind. The
// error has all that is wrong, each with its line.
func load[M proto.Message, C any](ctx context.Context, path string, m M, mapper func(context.Context, M) (*C, error)) (cfg *C, err error) {
	_, err = document.Load(path, m, &document.Options{
		Env: os.LookupEnv,
		Check: func(read proto.Message) (err error) {
			cfg, err = mapper(ctx, read.(M))
			return err
		},
	})
	return cfg, err
}
