package lab

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// offloads are the features by which datagrams and segments travel together.
var offloads = []string{
	"tx-udp-segmentation", "tx-generic-segmentation", "tx-tcp-segmentation", "tx-tcp6-segmentation",
	"tx-tcp-ecn-segmentation", "tx-tcp-mangleid-segmentation", "rx-gro",
}

// Of linux/ethtool.h.
const (
	featureNames = 4  // ETH_SS_FEATURES
	nameLength   = 32 // ETH_GSTRING_LEN
)

// Features returns the features of a device in the thread's namespace that are on, as ethtool -k names them.
func Features(device string) ([]string, error) {
	names, err := features(device)
	if err != nil {
		return nil, err
	}
	// struct ethtool_gfeatures: command, blocks, and for each 32 features: available, requested, active, never changed.
	blocks := (len(names) + 31) / 32
	request := make([]byte, 8+16*blocks)
	put(request, unix.ETHTOOL_GFEATURES, blocks)
	if err := ethtool(device, request); err != nil {
		return nil, err
	}
	var on []string
	for i, name := range names {
		active := binary.NativeEndian.Uint32(request[8+16*(i/32)+8:])
		if active&(1<<(i%32)) != 0 {
			on = append(on, name)
		}
	}
	return on, nil
}

func turnOff(device string, wanted []string) error {
	names, err := features(device)
	if err != nil {
		return err
	}
	// struct ethtool_sfeatures: command, blocks, and for each 32 features: which to set, to what.
	blocks := (len(names) + 31) / 32
	request := make([]byte, 8+8*blocks)
	put(request, unix.ETHTOOL_SFEATURES, blocks)
	for _, name := range wanted {
		i := slices.Index(names, name)
		if i < 0 {
			return fmt.Errorf("device %s: the kernel has no feature %s", device, name)
		}
		valid := request[8+8*(i/32):]
		binary.NativeEndian.PutUint32(valid, binary.NativeEndian.Uint32(valid)|1<<(i%32))
	}
	if err := ethtool(device, request); err != nil {
		return err
	}
	on, err := Features(device)
	if err != nil {
		return err
	}
	for _, name := range wanted {
		if slices.Contains(on, name) {
			return fmt.Errorf("device %s: feature %s stays on", device, name)
		}
	}
	return nil
}

// features returns the names of all features, by number.
func features(device string) ([]string, error) {
	// struct ethtool_sset_info: command, reserved, which sets, and their sizes.
	info := make([]byte, 20)
	put(info, unix.ETHTOOL_GSSET_INFO, 0)
	binary.NativeEndian.PutUint64(info[8:], 1<<featureNames)
	if err := ethtool(device, info); err != nil {
		return nil, err
	}
	n := int(binary.NativeEndian.Uint32(info[16:]))
	// struct ethtool_gstrings: command, set, count, names of 32 bytes.
	request := make([]byte, 12+nameLength*n)
	put(request, unix.ETHTOOL_GSTRINGS, featureNames)
	if err := ethtool(device, request); err != nil {
		return nil, err
	}
	names := make([]string, n)
	for i := range names {
		name, _, _ := bytes.Cut(request[12+nameLength*i:][:nameLength], []byte{0})
		names[i] = string(name)
	}
	return names, nil
}

func put(request []byte, command, second int) {
	binary.NativeEndian.PutUint32(request, uint32(command))    //nolint:gosec // a small constant
	binary.NativeEndian.PutUint32(request[4:], uint32(second)) //nolint:gosec // a small number
}

func ethtool(device string, request []byte) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	// struct ifreq: the name, and a pointer in the union.
	var ifreq struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}
	copy(ifreq.name[:unix.IFNAMSIZ-1], device)
	ifreq.data = unsafe.Pointer(&request[0])
	var pin runtime.Pinner
	pin.Pin(&request[0])
	defer pin.Unpin()
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&ifreq)))
	if errno != 0 {
		return fmt.Errorf("ethtool on device %s: %w", device, errno)
	}
	return nil
}
