// Package forward turns the traffic of an IP device into dialled connections: each TCP flow
// goes to a [tunx.StreamDialer], the UDP datagrams of each source to a [tunx.PacketProxy].
//
// # Using it
//
// [New] takes the packets of a device, for instance of a TUN interface. [NewDevice] is a
// device itself, for programs that have the packets already. [Run] does it until a context
// ends.
//
// # What clients see
//
// A client sees what it would see on the network behind the dialer: a SYN is answered when
// the dial has succeeded, a refused one is refused, an end of one direction is passed on as
// that, and so is a reset.
//
// # Bounds
//
// Flows, dials, sessions and idle times are bounded by [Config]. [Forwarder.Stats] counts
// what was above, [Forwarder.Flows] has the flows of this moment, and Config.OnFlow is told
// of each that begins, ends or is refused.
package forward
