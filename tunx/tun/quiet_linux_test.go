package tun_test

import "os"

// quiet turns IPv6 off for new interfaces of this thread's namespace: it would announce
// itself.
func quiet() error {
	return os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0o600)
}
