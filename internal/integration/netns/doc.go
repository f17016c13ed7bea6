// Package netns tests the modules on networks that no loopback is: links that lose packets, that are narrow, and that
// change addresses on the way, and floods with forged sources. The networks are namespaces that the tests make. It needs
// Linux, root and the program ip.
package netns
