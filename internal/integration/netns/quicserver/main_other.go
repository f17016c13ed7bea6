//go:build !linux

// Command quicserver is for Linux.
package main

func main() { panic("quicserver reads /proc of Linux") }
