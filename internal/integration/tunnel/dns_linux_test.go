package tunnel_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx/tun"
)

// serveDNS answers each question with texts, about 2500 bytes of them, over UDP and TCP, and returns the port.
func serveDNS(t *testing.T, at netip.Addr) uint16 {
	t.Helper()
	u, l := listenBoth(t, at)
	var group sync.WaitGroup
	group.Go(func() {
		b := make([]byte, 4096)
		for {
			n, from, err := u.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = u.WriteTo(answerDNS(b[:n]), from)
		}
	})
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			head := make([]byte, 2)
			if _, err := io.ReadFull(c, head); err == nil {
				b := make([]byte, binary.BigEndian.Uint16(head))
				if _, err := io.ReadFull(c, b); err == nil {
					a := answerDNS(b)
					_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(a))), a...))
				}
			}
			c.Close()
		}
	})
	t.Cleanup(func() {
		assert.NoError(t, u.Close())
		assert.NoError(t, l.Close())
		group.Wait()
	})
	return u.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

// listenBoth opens UDP and TCP at one port number.
func listenBoth(t *testing.T, at netip.Addr) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 20 { // the number may be taken by TCP
		u, err := net.ListenPacket("udp", netip.AddrPortFrom(at, 0).String())
		require.NoError(t, err)
		if l, err := net.Listen("tcp", u.LocalAddr().String()); err == nil {
			return u, l
		}
		require.NoError(t, u.Close())
	}
	require.Fail(t, "no port is free for both")
	return nil, nil
}

func answerDNS(query []byte) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(query)
	if err != nil {
		return nil
	}
	questions, err := p.AllQuestions()
	if err != nil {
		return nil
	}
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: h.ID, Response: true, RecursionAvailable: true}, Questions: questions}
	for i := range 10 {
		m.Answers = append(m.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: questions[0].Name, Class: dnsmessage.ClassINET},
			Body:   &dnsmessage.TXTResource{TXT: []string{strconv.Itoa(i) + strings.Repeat("x", 240)}},
		})
	}
	b, err := m.Pack()
	if err != nil {
		return nil
	}
	return b
}

// dig gets answers that are longer than the MTU, in fragments, and over TCP.
func TestDig(t *testing.T) {
	for name, device := range devices {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, device, forward.Config{}, nil, "dig")
			for _, server := range servers {
				port := strconv.Itoa(int(serveDNS(t, server)))
				for _, how := range []string{"+notcp", "+tcp"} {
					out := w.must("dig", how, "+bufsize=4096", "+short", "+timeout=30", "+tries=1",
						"@"+server.String(), "-p", port, "example.com", "TXT")
					assert.Equal(t, 10, strings.Count(out, "xxx\"\n"), out)
				}
			}
		})
	}
}

// Where no DNS server listens dig knows at once: "connection refused" is what ICMP has told it.
func TestDigRefused(t *testing.T) {
	w := newWorld(t, tun.Config{}, forward.Config{}, nil, "dig")
	for _, server := range servers {
		status, out := w.run("dig", "+timeout=30", "+tries=1", "@"+server.String(), "-p", "1", "example.com")
		assert.Equal(t, 9, status, out)
		assert.Contains(t, out, "connection refused")
	}
}
