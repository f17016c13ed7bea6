package tunxtest

import (
	"testing"
	"time"
)

// RunDevice and RunProxy run the test with the name.
func RunDevice(t testing.TB, d *Devices, name string) { runOne(t, deviceTests, setDevices(t, d), name) }

// RunProxy is RunDevice.
func RunProxy(t testing.TB, p *Proxy, name string) { runOne(t, proxyTests, setProxy(t, p), name) }

func runOne[B any](t testing.TB, tests []test[B], b B, name string) {
	for _, each := range tests {
		if each.name == name {
			each.run(b)
			return
		}
	}
	t.Fatalf("there is no test %s", name)
}

// DeviceTests and ProxyTests are their names.
func DeviceTests() []string { return names(deviceTests) }

// ProxyTests is DeviceTests.
func ProxyTests() []string { return names(proxyTests) }

func names[B any](tests []test[B]) (all []string) {
	for _, each := range tests {
		all = append(all, each.name)
	}
	return all
}

// NoLeak looks for goroutines that are left.
func NoLeak(t testing.TB) { noLeak(t) }

// SetPatience lets what never happens be noticed sooner.
func SetPatience(t *testing.T, d time.Duration) {
	before := patience
	patience = d
	t.Cleanup(func() { patience = before })
}
