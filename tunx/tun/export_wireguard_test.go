//go:build windows || darwin

package tun

import "golang.zx2c4.com/wireguard/tun"

// Over makes a Device over one of the library.
func Over(native tun.Device, mtu int) (*Device, error) {
	d, err := newDevice(native, "fake", mtu)
	return &Device{d}, err
}
