package dialer

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Package net looks for the interface that the zone of an address names when Control is over, and remembers the names
// for the whole process: outside of the namespace that is another interface, or none. So it is given the number.

// zones puts numbers in the place of zones. It is called inside of the namespace.
func (v *visit) zones(d *net.Dialer, network, address string) (string, error) {
	if isUnix(network) {
		return address, nil
	}
	var err error
	if d.LocalAddr, err = sourceZone(d.LocalAddr); err == nil {
		address, err = targetZone(address)
	}
	if err != nil {
		return "", v.fail(err)
	}
	return address, nil
}

// sourceZone returns a copy.
func sourceZone(a net.Addr) (net.Addr, error) {
	switch a := a.(type) {
	case *net.TCPAddr:
		zone, err := zoneNumber(a.Zone)
		return &net.TCPAddr{IP: a.IP, Port: a.Port, Zone: zone}, err
	case *net.UDPAddr:
		zone, err := zoneNumber(a.Zone)
		return &net.UDPAddr{IP: a.IP, Port: a.Port, Zone: zone}, err
	case *net.IPAddr:
		zone, err := zoneNumber(a.Zone)
		return &net.IPAddr{IP: a.IP, Zone: zone}, err
	}
	return a, nil
}

// targetZone takes host:port, or a host alone.
func targetZone(address string) (string, error) {
	if !strings.Contains(address, "%") {
		return address, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return hostZone(address)
	}
	if host, err = hostZone(host); err != nil {
		return "", err
	}
	return net.JoinHostPort(host, port), nil
}

func hostZone(host string) (string, error) {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host, nil //nolint:nilerr // package net says what is wrong with it
	}
	zone, err := zoneNumber(ip.Zone())
	return ip.WithZone(zone).String(), err
}

// zoneNumber returns the index of the interface that has the name. A number is one already.
func zoneNumber(zone string) (string, error) {
	if _, err := strconv.ParseUint(zone, 10, 32); zone == "" || err == nil {
		return zone, nil
	}
	index, err := interfaceIndex(zone)
	if err != nil {
		return "", fmt.Errorf("zone %s: %w", zone, err)
	}
	return strconv.FormatUint(uint64(index), 10), nil
}

// interfaceIndex asks the kernel, because package net remembers what it finds.
func interfaceIndex(name string) (uint32, error) {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, request); err != nil {
		return 0, os.NewSyscallError("ioctl", err)
	}
	return request.Uint32(), nil
}
