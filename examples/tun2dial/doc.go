// Tun2dial sends the traffic of programs through the dialers of Strata, without the
// programs' knowledge.
//
// # Usage
//
//	tun2dial [flags] -- program ...           run a program in a new network namespace, whose way out is a TUN device
//	tun2dial [flags] -netns NAME              take the traffic of a namespace until SIGINT or SIGTERM
//	tun2dial -rootless [flags] -- program ... run a program with a proxy on loopback, whose traffic crosses two stacks
//	tun2dial -demo                            try all of it with curl, dig and ping, and print a table
//
// The first two and the last need root and Linux. The exit status is that of the program;
// else 0 when all went well, 1 when something failed, and 2 when the command line is
// wrong. README.md shows what it is good for.
package main
