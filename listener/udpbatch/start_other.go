//go:build !linux

package udpbatch

func (c *Conn) start() error { return c.startPortable(lacking("system call for many datagrams")) }

func (c *Conn) newSource() source { return newSingle(c) }
