package virtnettest

import (
	"slices"
	"testing"
	"time"
)

// Run runs the test with the name on a network.
func Run(t testing.TB, n *Network, name string) {
	tables := map[string][]test{"Network": networkTests, "Listener": listenerTests, "Conn": connTests, "PacketConn": packetTests}
	for table, tests := range tables {
		if i := slices.IndexFunc(tests, func(each test) bool { return table+"/"+each.name == name }); i >= 0 {
			tests[i].run(set(t, n))
			return
		}
	}
	t.Fatalf("there is no test %s", name)
}

// NoLeak looks for goroutines that are left.
func NoLeak(t testing.TB) { noLeak(t) }

// SetPatience lets what never happens be noticed sooner.
func SetPatience(t *testing.T, d time.Duration) {
	before := patience
	patience = d
	t.Cleanup(func() { patience = before })
}
