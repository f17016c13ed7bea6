package udpsession_test

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener/udpsession"
)

// ping sends from the client and reads in the session, which keeps loopback
// from losing anything; pong is the reverse.
func ping(t testing.TB, client net.Conn, session net.Conn, out, in []byte) {
	if _, err := client.Write(out); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Read(in); err != nil {
		t.Fatal(err)
	}
}

func TestNothingIsAllocatedADatagram(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector drops what is in a sync.Pool")
	}
	client, session := pair(t, open(t, udpsession.Config{}))
	out, in := make([]byte, 1200), make([]byte, 1500)
	ping(t, client, session, out, in)
	ping(t, session, client, out, in)
	assert.Zero(t, testing.AllocsPerRun(1000, func() { ping(t, client, session, out, in) }), "read")
	assert.Zero(t, testing.AllocsPerRun(1000, func() { ping(t, session, client, out, in) }), "write")
	batch := [][]byte{out, out, out}
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		if _, err := session.WriteBatch(batch); err != nil {
			t.Fatal(err)
		}
		for range batch {
			client.Read(in)
		}
	}), "write batch")
}

// BenchmarkEcho is a datagram there and back, through a session and through a
// plain socket that asks for the sender each time.
func BenchmarkEcho(b *testing.B) {
	b.Run("session", func(b *testing.B) {
		l := open(b, udpsession.Config{})
		client, session := pair(b, l)
		go func() {
			buf := make([]byte, 1500)
			for {
				n, err := session.Read(buf)
				if err != nil {
					return
				}
				session.Write(buf[:n])
			}
		}()
		echoes(b, client)
	})
	b.Run("socket", func(b *testing.B) {
		server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		require.NoError(b, err)
		defer server.Close()
		go func() {
			buf := make([]byte, 1500)
			for {
				n, from, err := server.ReadFromUDPAddrPort(buf)
				if err != nil {
					return
				}
				server.WriteToUDPAddrPort(buf[:n], from)
			}
		}()
		client, err := net.Dial("udp", server.LocalAddr().String())
		require.NoError(b, err)
		defer client.Close()
		echoes(b, client)
	})
}

func echoes(b *testing.B, client net.Conn) {
	out, in := make([]byte, 1200), make([]byte, 1500)
	b.ReportAllocs()
	for b.Loop() {
		ping(b, client, client, out, in)
	}
}

// BenchmarkWrite sends to a peer that does not listen, from several goroutines:
// they share one socket.
func BenchmarkWrite(b *testing.B) {
	for _, goroutines := range []int{1, 4} {
		b.Run(fmt.Sprint(goroutines), func(b *testing.B) {
			l := open(b, udpsession.Config{})
			b.SetParallelism(goroutines)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				_, session := pair(b, l)
				out := make([]byte, 200)
				for pb.Next() {
					if _, err := session.Write(out); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// BenchmarkDeliver is what a datagram costs between the socket and Read, with
// many sessions, without the socket.
func BenchmarkDeliver(b *testing.B) {
	for _, sessions := range []int{1, 1000, 50_000} {
		b.Run(fmt.Sprint(sessions), func(b *testing.B) {
			l := open(b, udpsession.Config{Backlog: 1 << 20})
			deliver := udpsession.Deliverer(l, sessions)
			deliver() // makes them
			b.ReportAllocs()
			for b.Loop() {
				deliver()
			}
		})
	}
}
