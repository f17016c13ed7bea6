package main

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// What the demo's name server knows.
const (
	smallName = "small.test." // has an address
	bigName   = "big.test."   // has more text than a datagram carries
	bigText   = 4000          // bytes
)

// smallAddress is the address of smallName.
var smallAddress = [4]byte{192, 0, 2, 53}

// udpLimit is the longest answer in a datagram, in bytes (RFC 1035 section 4.2.1).
const udpLimit = 512

// serveDNS answers datagrams until the socket is closed.
func serveDNS(c net.PacketConn) {
	buf := make([]byte, 64<<10)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		if answer := answerDNS(buf[:n], udpLimit); answer != nil {
			_, _ = c.WriteTo(answer, from) // lost, as datagrams are
		}
	}
}

// serveDNSConn answers what comes on a conn, each message behind its length
// (RFC 1035 section 4.2.2).
func serveDNSConn(c net.Conn) {
	defer c.Close()
	for {
		c.SetDeadline(time.Now().Add(dialTime))
		var length [2]byte
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		answer := answerDNS(query, 65535)
		if answer == nil {
			return
		}
		binary.BigEndian.PutUint16(length[:], uint16(len(answer))) //nolint:gosec // at most the limit
		if _, err := c.Write(append(length[:], answer...)); err != nil {
			return
		}
	}
}

// answerDNS returns the answer to a query, truncated if it is longer than limit;
// nil if it is no query.
func answerDNS(query []byte, limit int) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(query)
	if err != nil || h.Response {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: h.ID, Response: true, Authoritative: true, RecursionDesired: h.RecursionDesired},
		Questions: []dnsmessage.Question{q},
	}
	m.Answers, m.RCode = resources(q)
	answer, err := m.Pack()
	if err == nil && len(answer) > limit {
		m.Answers, m.Truncated = nil, true
		answer, err = m.Pack()
	}
	if err != nil {
		return nil
	}
	return answer
}

// resources are the answers to a question.
func resources(q dnsmessage.Question) ([]dnsmessage.Resource, dnsmessage.RCode) {
	header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: dnsmessage.ClassINET, TTL: 60}
	switch name := q.Name.String(); {
	case name != smallName && name != bigName:
		return nil, dnsmessage.RCodeNameError
	case name == smallName && q.Type == dnsmessage.TypeA:
		return []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: smallAddress}}}, 0
	case name == bigName && q.Type == dnsmessage.TypeTXT:
		var texts []string
		for left := bigText; left > 0; left -= 250 {
			texts = append(texts, strings.Repeat("x", 250))
		}
		return []dnsmessage.Resource{{Header: header, Body: &dnsmessage.TXTResource{TXT: texts}}}, 0
	}
	return nil, 0
}

// serveDNSConns answers conns until the listener is closed.
func serveDNSConns(group *sync.WaitGroup, l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		group.Go(func() { serveDNSConn(c) })
	}
}
