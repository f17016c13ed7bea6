package udpbatch

// Capabilities is what a Conn has.
type Capabilities struct {
	// Batch is the number of messages that a system call carries at most, 1
	// where there is no call for more.
	Batch int
	// Segments is the number of datagrams that a message of such a call can be
	// cut into, 1 without GSO.
	Segments int
	// GSO and GRO say that they are in use. GSO may still be given up for
	// single destinations.
	GSO, GRO bool
	// PacketInfo, ECN and HopLimit say that messages come with these fields.
	PacketInfo, ECN, HopLimit bool
	// Off has an *Error for each of the above that is off. Its Field is the
	// name; its cause is errors.ErrUnsupported if the system lacks it, another
	// if the Config did not ask for it.
	Off []error
}

func (c *Capabilities) off(field string, err error) {
	if err != nil {
		c.Off = append(c.Off, &Error{Op: "config", Field: field, Err: err})
	}
}
