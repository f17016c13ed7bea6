// Package simnet has simulated networks of hosts, with delay, loss and faults, inside
// of a process: made for testing/synctest, and for time as it is.
//
// A [Host] has IP addresses, listeners, sockets for datagrams, a [Dialer] and a
// [Resolver], so that net/http, crypto/tls, QUIC and DTLS run on it as they are. What
// they see of it is what a kernel shows them: see [Conn], [Listener], [PacketConn]. There
// is no keep-alive, no TIME-WAIT, and no sharing of a port.
//
// # Two ways
//
// Where nothing lies between two hosts, a Write copies into the buffer that the peer
// reads, and no goroutine, timer or event is needed. All else is scheduled ([Order]):
// packets pass links, routers and firewalls, get lost and are sent again, with the
// timers of RFC 6298 and the windows of RFC 5681. A conn moves from the first way to the
// second one when its link changes, without losing a byte.
//
// # Bubbles
//
// Inside of a testing/synctest bubble a network is scheduled, hours take seconds, and one
// seed gives one order of events: run after run, on any number of processors. That
// holds as far as the program has an order of its own. Two goroutines of a host that
// write to one conn, or dial one address, in the same nanosecond have none.
//
// All waiting is such that a bubble's clock goes on. A mutex of the program that is held
// meanwhile stops it: complete a handshake of crypto/tls before two goroutines use its conn.
//
// # Example
//
// A test of what a client does while it is cut off:
//
//	func TestPartition(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			n, err := simnet.New(simnet.Config{Seed: 1, Link: simnet.Link{Latency: 10 * time.Millisecond}})
//			require.NoError(t, err)
//			defer n.Close()
//			client, err := n.NewHost(t.Context(), "client")
//			require.NoError(t, err)
//			server, err := n.NewHost(t.Context(), "server")
//			require.NoError(t, err)
//			l, err := server.Listen(":80")
//			require.NoError(t, err)
//			go func() {
//				if c, err := l.Accept(); err == nil {
//					_, _ = io.Copy(c, c)
//				}
//			}()
//
//			c, err := client.Dial(t.Context(), "server:80")
//			require.NoError(t, err)
//			require.NoError(t, n.Partition([]string{"client"}, []string{"server"}))
//			require.NoError(t, n.At(2*time.Minute, simnet.Heal()))
//			_, err = io.WriteString(c, "hello")
//			require.NoError(t, err)
//			echo := make([]byte, 5)
//			_, err = io.ReadFull(c, echo) // late, but whole
//			require.NoError(t, err)
//			assert.Equal(t, "hello", string(echo))
//
//			var diagram strings.Builder
//			require.NoError(t, simnet.Diagram{}.WriteText(&diagram, n.Trace()))
//			assert.Equal(t, partitioned, diagram.String())
//		})
//	}
//
// The diagram:
//
//	         client                            server
//	    10ms |----------- dial :80 ----------->|
//	    20ms === partition [client] [server] ===
//	    20ms |<----------- accept -------------|
//	    20ms |----- data 5 B (partition) -----x|
//	   220ms |-- data 5 B again (partition) --x|
//	   620ms |-- data 5 B again (partition) --x|
//	   1.42s |-- data 5 B again (partition) --x|
//	   3.02s |-- data 5 B again (partition) --x|
//	   6.22s |-- data 5 B again (partition) --x|
//	  12.62s |-- data 5 B again (partition) --x|
//	  25.42s |-- data 5 B again (partition) --x|
//	  51.02s |-- data 5 B again (partition) --x|
//	1m42.22s |-- data 5 B again (partition) --x|
//	    2m0s === heal ==========================
//	3m24.63s |-------- data 5 B again -------->|
//	3m24.64s |<---------- data 5 B ------------|
package simnet
