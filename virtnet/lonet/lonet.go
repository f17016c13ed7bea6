package lonet

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/strata-net/strata/virtnet"
)

// Join joins the network with a name, and makes it if nobody has yet. Its full
// name is "lonet" and the name. With "" it is a new one, whose name is random:
// others join it with what follows "lonet" in [virtnet.SubNetwork.Network].
//
// ctx bounds Join alone. Close of the SubNetwork gives back all that Join took,
// and so does the end of the process. A name may have every byte; quoted as in Go
// it may be 256 bytes long, and the same holds for names of hosts.
//
// Join also removes what processes of the same user that were killed left behind.
// It fails if the private folder is another user's, can be looked into by others,
// or is a symbolic link.
func Join(ctx context.Context, network string) (*virtnet.SubNetwork, error) {
	if network == "" {
		network = strings.ToLower(rand.Text())
	}
	n, err := join(ctx, network)
	if err != nil {
		return nil, fmt.Errorf("lonet: join %q: %w", network, err)
	}
	return n, nil
}

func join(ctx context.Context, network string) (*virtnet.SubNetwork, error) {
	if err := both(ctx.Err(), checkName(fullName(network))); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(filepath.Join(os.TempDir(), folderName()))
	if err != nil {
		return nil, err
	}
	if err := sweep(ctx, path); err != nil {
		return nil, err
	}
	r := newRegistry(path, network)
	e, err := newEngine(ctx, fullName(network), r)
	if err != nil {
		return nil, err
	}
	n, notify := virtnet.NewSubNetwork(fullName(network), e, r)
	e.notify = notify
	e.work.Add(1)
	go e.serve()
	return n, nil
}
