// Package pipenet has virtual networks inside of a process: a conn is a pipe in
// memory, whose Write waits for the Read of the other end.
//
// # Using it
//
// [New] makes a network, and [Network.Host] a host of any name. [AsVirtNet] is the same
// network as a [virtnet.SubNetwork]: its NewHost returns errors where Host panics, and
// its Close ends everything.
//
// # What it does not have
//
// Buffers, delay, loss and a backlog: see package simnet. Hosts, addresses, ports and
// errors are those of package virtnet.
package pipenet
