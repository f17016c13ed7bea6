// Package lab makes the networks in which the measurements run: namespaces, veth pairs with chosen offloads, and a
// link with a delay. Nothing has a name outside of the process, so that nothing stays behind when it ends, however it
// ends. It needs Linux, root and the program ip.
package lab
