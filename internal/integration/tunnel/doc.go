// Package tunnel tests devices, stack and forwarder together, on the wire: packets that are written by hand and read by
// hand, the programs curl, dig and ping in namespaces that the tests make, and tshark, which checks what they have sent
// and got. What needs namespaces needs Linux, root and the program ip.
package tunnel
