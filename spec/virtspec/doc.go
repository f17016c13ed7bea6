// Package virtspec builds virtual networks from the schema: package pipenet inside
// of the process, package lonet over the loopback interface, package simnet as a
// simulation with links, routers, NATs, firewalls and faults.
//
// # Mapper and builder
//
// [VirtualNetworkConfig] checks everything and opens nothing. [NewNetworkFromSpec]
// goes on to the network and its hosts.
//
// # Errors
//
// What is wrong with a message are *spec.Errors, joined: one for each bad field.
package virtspec
