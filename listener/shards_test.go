package listener_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

func TestBadShards(t *testing.T) {
	steering := map[bool]string{true: "", false: fmt.Sprintf("steering on %s: unsupported operation", runtime.GOOS)}[runtime.GOOS == "linux"]
	either := func(linux string) string {
		if steering != "" {
			return steering
		}
		return linux
	}
	cpus := runtime.NumCPU()
	for _, test := range []struct {
		config listener.Config
		want   string
	}{
		{listener.Config{Address: "127.0.0.1:0", Shards: -1}, "Shards=-1: must not be negative"},
		{listener.Config{Address: "unix://s", Shards: 2}, "Shards=2: only TCP ports can be shared by sockets, unix://s cannot"},
		{listener.Config{Addresses: []string{"fd://0"}, Shards: 2}, "Shards=2: only TCP ports can be shared by sockets, fd://0 cannot"},
		{listener.Config{Address: "127.0.0.1:0", SteerByCPU: true}, "SteerByCPU=true: " + either("needs Shards above 1")},
		{
			listener.Config{Address: "127.0.0.1:0", SteerByCPU: true, Shards: cpus + 1},
			"SteerByCPU=true: " + either(fmt.Sprintf("%d shards on %d CPUs: the others would never get a conn", cpus+1, cpus)),
		},
	} {
		_, err := listener.New(t.Context(), &test.config)
		assert.EqualError(t, err, "listener: config: "+test.want)
	}
}

func TestShardsNeedTheirOption(t *testing.T) {
	for _, o := range []sockopt.Option{sockopt.ReusePort.Value(false), sockopt.ReusePortLB.Value(false)} {
		if want, ok := listener.Balanced(); ok && want.Name() == o.Name() {
			_, err := listener.New(t.Context(), &listener.Config{Address: "127.0.0.1:0", Shards: 2, Options: sockopt.Options{o}})
			assert.EqualError(t, err, fmt.Sprintf("listener: config: Shards=2: need %s, and Options has %s", want, o))
		}
	}
}
