// Package tunxtest has the tests that every tunx.IPDevice and tunx.PacketProxy has to pass.
//
// # Using it
//
// An author says how to make one, and what is particular to it, and calls the test:
//
//	tunxtest.TestIPDevice(t, func(t *testing.T) *tunxtest.Devices {
//		device, peer := mydevice.Pair()
//		return &tunxtest.Devices{Device: device, Peer: peer}
//	})
//	tunxtest.TestPacketProxy(t, func(t *testing.T) *tunxtest.Proxy {
//		return &tunxtest.Proxy{PacketProxy: myproxy.New()}
//	})
//
// They take a few seconds, and run under the race detector too.
package tunxtest
