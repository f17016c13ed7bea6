package tun

import (
	"errors"
	"fmt"
	"strconv"
)

// Config says how to open a device. The zero value, like nil, is an interface of one queue
// whose name the system chooses.
type Config struct {
	// Name is the name of the interface. Empty lets the system choose: "tun%d" on Linux,
	// "utun" on macOS, "Strata" on Windows.
	//
	// Linux: at most 15 bytes; "%d" stands for the first number that is free. A
	// persistent interface that has the name and no reader is opened again.
	// macOS: "utun", or "utun" and a number. Windows: at most 127 characters; an
	// interface that has the name is used again.
	Name string

	// MTU is the length of the longest packet in bytes, from 68 to 65535. 0 leaves the
	// system's, which is 1500 (Windows: 1420). On Windows the interface itself is not
	// changed: it is only what the Device goes by.
	MTU int

	// Queues is the number of queues, see [Device.Queues]: up to 256 on Linux, where the
	// kernel keeps the packets of a flow in one, and 1 elsewhere. 0 is 1.
	Queues int

	// NoOffload says that packets are neither longer than MTU nor without checksum, at
	// the price of a system call for each. Without it Linux has the offloads that its
	// kernel knows; the others have none.
	NoOffload bool

	// Netns is the network namespace of the interface: a name of ip-netns(8), or the
	// path of a file when it has a slash. Empty is that of the process. Needs
	// CAP_SYS_ADMIN. Linux only.
	Netns string

	// Persistent says that the interface stays when the Device is closed. One that was
	// persistent before stays so. Linux only.
	Persistent bool

	// Owner and Group may open a persistent interface without privilege: user and group
	// ids. Nil leaves what it is. Linux only.
	Owner, Group *uint32

	_ []func() // not comparable, so that fields can be added
}

const (
	minMTU = 68 // RFC 791; the kernel's least
	maxMTU = 65535
)

func (c *Config) orZero() *Config {
	if c == nil {
		return &Config{}
	}
	return c
}

// validate joins what is wrong, each with its field.
func (c *Config) validate() error {
	var errs []error
	bad := func(field string, value any, err error) {
		errs = append(errs, &Error{Op: "config", Field: field, Value: fmt.Sprint(value), Err: err})
	}
	if err := checkName(c.Name); err != nil {
		bad("Name", strconv.Quote(c.Name), err)
	}
	if c.MTU != 0 && (c.MTU < minMTU || c.MTU > maxMTU) {
		bad("MTU", c.MTU, fmt.Errorf("must be 0, or from %d to %d bytes", minMTU, maxMTU))
	}
	if c.Queues < 0 || c.Queues > maxQueues {
		bad("Queues", c.Queues, errQueues)
	}
	return errors.Join(append(errs, c.unsupported()...)...)
}

// system returns the fields that only Linux has and that are set.
func (c *Config) system() []Error {
	var set []Error
	if c.Netns != "" {
		set = append(set, Error{Field: "Netns", Value: strconv.Quote(c.Netns)})
	}
	if c.Persistent {
		set = append(set, Error{Field: "Persistent", Value: "true"})
	}
	if c.Owner != nil {
		set = append(set, Error{Field: "Owner", Value: fmt.Sprint(*c.Owner)})
	}
	if c.Group != nil {
		set = append(set, Error{Field: "Group", Value: fmt.Sprint(*c.Group)})
	}
	return set
}

// validateForeign is validate for a descriptor that somebody else has opened.
func (c *Config) validateForeign() error {
	set := c.system()
	if c.Name != "" {
		set = append(set, Error{Field: "Name", Value: strconv.Quote(c.Name)})
	}
	if c.Queues != 0 {
		set = append(set, Error{Field: "Queues", Value: fmt.Sprint(c.Queues)})
	}
	errs := []error{(&Config{MTU: c.MTU}).validate()}
	for _, f := range set {
		errs = append(errs, &Error{Op: "config", Field: f.Field, Value: f.Value, Err: errors.New("only Open has a use for it")})
	}
	return errors.Join(errs...)
}
