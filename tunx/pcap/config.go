package pcap

import (
	"errors"
	"fmt"
	"strconv"
)

// Config says what is captured. The zero value, like nil, is whole packets.
type Config struct {
	// Name is the name of the interface in the capture, up to 255 bytes. Empty is none.
	Name string

	// SnapLen is how many bytes of a packet are kept, up to 65535. 0 is all.
	SnapLen int

	// Buffer is how many bytes may wait for the writer, from 131072 to 1073741824; 0 is
	// 1 MiB. There are two such buffers. What comes while it is full is not captured,
	// but counted.
	Buffer int

	// Segments says that a packet which stands for several is captured as those, with
	// their checksums, as it will be on a wire. Without it packets are captured as they
	// pass: longer than the MTU, and with unfinished checksums, which Wireshark calls
	// bad unless it is told not to check them.
	Segments bool

	_ []func() // not comparable, so that fields can be added
}

const (
	maxPacket     = 65535
	maxName       = 255
	minBuffer     = 128 << 10
	defaultBuffer = 1 << 20
	maxBuffer     = 1 << 30
)

// normal returns the config without zeros, or joins what is wrong with it.
func (c *Config) normal() (Config, error) {
	n := Config{}
	if c != nil {
		n = *c
	}
	var errs []error
	bad := func(field, value string, err error) {
		errs = append(errs, &Error{Op: "config", Field: field, Value: value, Err: err})
	}
	if len(n.Name) > maxName {
		bad("Name", strconv.Quote(n.Name), fmt.Errorf("is longer than %d bytes", maxName))
	}
	if n.SnapLen < 0 || n.SnapLen > maxPacket {
		bad("SnapLen", strconv.Itoa(n.SnapLen), fmt.Errorf("must be from 0 to %d bytes", maxPacket))
	}
	if n.Buffer != 0 && (n.Buffer < minBuffer || n.Buffer > maxBuffer) {
		bad("Buffer", strconv.Itoa(n.Buffer), fmt.Errorf("must be 0, or from %d to %d bytes", minBuffer, maxBuffer))
	}
	if n.SnapLen == 0 {
		n.SnapLen = maxPacket
	}
	if n.Buffer == 0 {
		n.Buffer = defaultBuffer
	}
	return n, errors.Join(errs...)
}
