// Package pcap shows the packets that pass through a device: it writes them in the pcapng
// format, which tcpdump(1), tshark(1) and Wireshark read.
//
// # Using it
//
// [Tap] puts a device around a device. What is read is inbound, what is written outbound.
// The device never waits for the file: what that cannot take is counted ([Stats]).
//
// # Checksums
//
// Packets of a device with offloads are long and have unfinished checksums. With
// [Config.Segments] they are captured as they will be on a wire.
package pcap
