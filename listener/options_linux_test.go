package listener_test

import (
	"errors"
	"io/fs"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

// parse reads a list of options that has to be right.
func parse(t *testing.T, list string) sockopt.Options {
	t.Helper()
	o, err := sockopt.ParseList(list)
	require.NoError(t, err)
	return o
}

// getInt asks the kernel without the help of package sockopt.
func getInt(t *testing.T, c any, level, option int) int {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	require.NoError(t, err)
	var value int
	var getErr error
	require.NoError(t, raw.Control(func(fd uintptr) { value, getErr = unix.GetsockoptInt(int(fd), level, option) }))
	require.NoError(t, getErr)
	return value
}

func TestOptionsOfEachStage(t *testing.T) {
	noLeak(t)
	options := parse(t, "SO_REUSEPORT=true,SO_RCVBUF=65536,TCP_DEFER_ACCEPT=1s,TCP_FASTOPEN=256,TCP_CORK=true,SO_PRIORITY=3,TCP_USER_TIMEOUT=5s")
	for _, address := range []string{"tcp4://127.0.0.1:0", "tcp6://[::1]:0", "tcp://:0"} {
		l := open(t, &listener.Config{Address: address, Options: options})
		assert.Equal(t, 1, getInt(t, l, unix.SOL_SOCKET, unix.SO_REUSEPORT))
		assert.Equal(t, 131072, getInt(t, l, unix.SOL_SOCKET, unix.SO_RCVBUF))
		assert.Equal(t, 1, getInt(t, l, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT))
		assert.Equal(t, 256, getInt(t, l, unix.IPPROTO_TCP, unix.TCP_FASTOPEN))
		assert.Equal(t, 0, getInt(t, l, unix.IPPROTO_TCP, unix.TCP_CORK), "for conns only")
		assert.NoError(t, parse(t, "SO_REUSEPORT=true,TCP_DEFER_ACCEPT=1s,TCP_USER_TIMEOUT=5s").Verify(l.(syscall.Conn)))

		client := dial(t, l)
		_, err := client.Write([]byte("hello"))
		require.NoError(t, err)
		server := accept(t, l)
		assert.Equal(t, 1, getInt(t, server, unix.IPPROTO_TCP, unix.TCP_CORK))
		assert.Equal(t, 3, getInt(t, server, unix.SOL_SOCKET, unix.SO_PRIORITY), "not inherited, so set again")
		assert.Equal(t, 5000, getInt(t, server, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT))
		client.Close()
		server.Close()
		require.NoError(t, l.Close())
	}
}

func TestNetOverwritesKeepAliveAndNoDelay(t *testing.T) {
	for _, test := range []struct {
		name, options                   string
		keepAlive                       net.KeepAliveConfig
		noDelay, alive, idle, intvl, cn int
	}{
		{"defaults of net", "", net.KeepAliveConfig{}, 1, 1, 15, 15, 9},
		{"config", "", net.KeepAliveConfig{Enable: true, Idle: 40 * time.Second, Interval: 5 * time.Second, Count: 3}, 1, 1, 40, 5, 3},
		{"options win", "TCP_NODELAY=false,TCP_KEEPIDLE=30s,TCP_KEEPINTVL=7s,TCP_KEEPCNT=4", net.KeepAliveConfig{}, 0, 1, 30, 7, 4},
		{"no probes", "SO_KEEPALIVE=false", net.KeepAliveConfig{}, 1, 0, 15, 15, 9},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := open(t, &listener.Config{Address: "127.0.0.1:0", Options: parse(t, test.options), KeepAlive: test.keepAlive})
			dial(t, l)
			c := accept(t, l)
			assert.Equal(t, test.noDelay, getInt(t, c, unix.IPPROTO_TCP, unix.TCP_NODELAY))
			assert.Equal(t, test.alive, getInt(t, c, unix.SOL_SOCKET, unix.SO_KEEPALIVE))
			assert.Equal(t, test.idle, getInt(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE))
			assert.Equal(t, test.intvl, getInt(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL))
			assert.Equal(t, test.cn, getInt(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPCNT))
		})
	}
}

func TestSocketsAsSSSeesThem(t *testing.T) {
	ss, err := exec.LookPath("ss")
	if err != nil {
		skipUnlessCI(t, "ss (package iproute2) is missing")
	}
	l := open(t, &listener.Config{Address: "127.0.0.1:0", Options: parse(t, "SO_RCVBUF=65536,TCP_KEEPIDLE=1000s,TCP_CONGESTION=reno")})
	dial(t, l)
	accept(t, l)
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	out, err := exec.CommandContext(t.Context(), ss, "-tmoieHna", "sport", "=", ":"+port).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Regexp(t, `LISTEN[^\n]*\n[^\n]*rb131072[^\n]*reno`, string(out))
	assert.Regexp(t, `ESTAB[^\n]*timer:\(keepalive,1[56]min[^\n]*\n[^\n]*rb131072[^\n]*reno`, string(out))
}

func TestReceiveTimeoutIsNotSilentlyAccepted(t *testing.T) {
	_, err := listener.New(t.Context(), &listener.Config{Address: "127.0.0.1:0", Options: parse(t, "SO_RCVTIMEO=1s")})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "SetReadDeadline")
}

func TestFailingOptionLeavesNothingOpen(t *testing.T) {
	for name, option := range map[string]sockopt.Option{
		"bind": parse(t, "SO_BINDTODEVICE=nosuch0")[0],
		"raw":  sockopt.Raw(unix.IPPROTO_TCP, 9999, []byte{1, 0, 0, 0}),
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			for range 5 {
				l, err := listener.New(t.Context(), &listener.Config{Address: "127.0.0.1:0", Options: sockopt.Options{option}})
				var option *sockopt.Error
				require.ErrorAs(t, err, &option)
				assert.Nil(t, l)
				assert.Equal(t, "set option", failure(t, err).Op)
				assert.Equal(t, "tcp4", option.Network)
			}
		})
	}
}

func TestFailingOptionOfOneConn(t *testing.T) {
	for name, tlsConfig := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			config := &listener.Config{Address: "127.0.0.1:0", Options: parse(t, "TCP_ULP=nosuch")}
			if tlsConfig {
				config.TLS = newAuthority(t).server(t, "127.0.0.1")
			}
			l := open(t, config)
			for range 2 {
				client := dial(t, l)
				c, err := l.Accept()
				require.ErrorIs(t, err, syscall.ENOENT)
				assert.Nil(t, c)
				temporary, ok := err.(interface{ Temporary() bool }) // the way http.Server asks
				require.True(t, ok)
				assert.True(t, temporary.Temporary())
				assert.Equal(t, "set option", failure(t, err).Op)
				ended(t, client)
			}
			require.NoError(t, l.Close())
		})
	}
}

func TestCloseWithAFailureThatNobodyAskedFor(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{
		Address: "127.0.0.1:0", Options: parse(t, "TCP_ULP=nosuch"), TLS: newAuthority(t).server(t, "127.0.0.1"),
	})
	ended(t, dial(t, l)) // closed before its failure is offered to Accept
	require.NoError(t, l.Close())
}

// reset makes a client that has left with a reset before it was accepted.
func reset(t *testing.T, l net.Listener) {
	t.Helper()
	client := dial(t, l).(*net.TCPConn)
	require.NoError(t, client.SetLinger(0))
	require.NoError(t, client.Close())
}

func TestOptionThatFailsBecauseTheClientLeft(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", Options: parse(t, "TCP_ULP=nosuch")})
	for range 3 {
		reset(t, l)
	}
	present := dial(t, l)
	_, err := l.Accept()
	require.Error(t, err)
	ended(t, present)
	// That was the fourth: of those that left nothing is to be heard.
	require.NoError(t, l.Close())
	_, err = l.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestOptionThatFailsBecauseTheClientIsHalfClosed(t *testing.T) {
	noLeak(t)
	// IPV6_ADDRFORM answers ENOTCONN once the client has sent its FIN.
	l := open(t, &listener.Config{Address: ":0", Options: parse(t, "IPV6_ADDRFORM=2")})
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	half, err := net.Dial("tcp4", "127.0.0.1:"+port)
	require.NoError(t, err)
	defer half.Close()
	require.NoError(t, half.(*net.TCPConn).CloseWrite())
	whole, err := net.Dial("tcp4", "127.0.0.1:"+port)
	require.NoError(t, err)
	defer whole.Close()
	server := accept(t, l)
	assert.Equal(t, unix.AF_INET, getInt(t, server, unix.SOL_SOCKET, unix.SO_DOMAIN))
	assert.Equal(t, whole.LocalAddr().(*net.TCPAddr).Port, server.RemoteAddr().(*net.TCPAddr).Port)
	ended(t, half)
}

// starve lets a client wait in the queue of l while this process has no
// descriptor for it, calls during, and ends the lack.
func starve(t *testing.T, l net.Listener, during func()) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(lowestFree(t)), Max: limit.Max}))
	err = unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: l.Addr().(*net.TCPAddr).Port})
	if err == nil {
		during()
	}
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	require.NoError(t, err)
}

func TestLackOfDescriptorsIsWaitedFor(t *testing.T) {
	ca := newAuthority(t)
	for name, secure := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			type failed struct {
				listener.Event

				at time.Time
			}
			events := make(chan failed, 1000)
			config := &listener.Config{Address: "127.0.0.1:0", OnEvent: ends(func(e listener.Event) { events <- failed{e, time.Now()} })}
			if secure {
				config.TLS = ca.server(t, "127.0.0.1")
			}
			l := open(t, config)
			accepted := make(chan net.Conn, 1)
			starve(t, l, func() {
				go func() {
					conn, err := l.Accept()
					assert.NoError(t, err)
					accepted <- conn
				}()
				var times []time.Time
				for range 4 { // pauses of 5, 10 and 20 ms lie between them
					e := <-events
					assert.Equal(t, listener.AcceptFailed, e.Kind)
					assert.ErrorIs(t, e.Err, syscall.EMFILE)
					times = append(times, e.at)
				}
				assert.GreaterOrEqual(t, times[3].Sub(times[0]), 35*time.Millisecond)
			})
			assert.GreaterOrEqual(t, stats(l).AcceptErrors, int64(4))
			if secure { // the starved client never speaks
				client := dialTLS(t, l, ca.client())
				conn := <-accepted
				defer conn.Close()
				assert.Equal(t, client.LocalAddr().String(), conn.RemoteAddr().String())
				return
			}
			(<-accepted).Close()
		})
	}
}

func TestCloseWakesAcceptThatWaitsForDescriptors(t *testing.T) {
	noLeak(t)
	least := time.Hour
	for range 10 { // a busy machine only adds, so one of some tries is enough
		least = min(least, closeWhileAcceptPauses(t))
		if least < 300*time.Millisecond {
			return
		}
	}
	t.Errorf("a pause of 320 ms was over after %v", least)
}

// closeWhileAcceptPauses closes a listener, and returns how long it paused before.
func closeWhileAcceptPauses(t *testing.T) (paused time.Duration) {
	t.Helper()
	pauses := make(chan time.Time, 1000)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", OnEvent: ends(func(listener.Event) { pauses <- time.Now() })})
	starve(t, l, func() {
		failed := make(chan error, 1)
		go func() {
			_, err := l.Accept()
			failed <- err
		}()
		for range 6 {
			<-pauses
		}
		begun := <-pauses // of one of 320 ms
		assert.NoError(t, l.Close())
		assert.ErrorIs(t, <-failed, net.ErrClosed)
		paused = time.Since(begun)
	})
	return paused
}

// lowestFree returns the descriptor that the next open would get.
func lowestFree(t *testing.T) int {
	t.Helper()
	fd, err := unix.Dup(0)
	require.NoError(t, err)
	require.NoError(t, unix.Close(fd))
	return fd
}

func TestOptionsBeforeBindOnPacketConns(t *testing.T) {
	noLeak(t)
	listen := func(address, options string) (net.PacketConn, error) {
		return listener.NewPacketConn(t.Context(), &listener.PacketConfig{Address: address, Options: parse(t, options)})
	}
	first, err := listen("udp://127.0.0.1:0", "SO_REUSEPORT=true")
	require.NoError(t, err)
	defer first.Close()
	second, err := listen("udp://"+first.LocalAddr().String(), "SO_REUSEPORT=true")
	require.NoError(t, err)
	defer second.Close()
	assert.Equal(t, first.LocalAddr(), second.LocalAddr())
	_, err = listen("udp://"+first.LocalAddr().String(), "SO_REUSEPORT=false")
	require.ErrorIs(t, err, syscall.EADDRINUSE)

	_, err = listen("udp://192.0.2.1:0", "IP_FREEBIND=false")
	require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
	free, err := listen("udp://192.0.2.1:0", "IP_FREEBIND=true")
	require.NoError(t, err)
	defer free.Close()

	transparent, err := listen("udp://192.0.2.1:0", "IP_TRANSPARENT=true")
	if errors.Is(err, fs.ErrPermission) {
		skipUnlessCI(t, "IP_TRANSPARENT needs CAP_NET_ADMIN")
	}
	require.NoError(t, err)
	defer transparent.Close()
	assert.Equal(t, 1, getInt(t, transparent, unix.IPPROTO_IP, unix.IP_TRANSPARENT))
}

func TestFailingOptionLeavesNoPacketConn(t *testing.T) {
	noLeak(t)
	for _, option := range []sockopt.Option{
		parse(t, "SO_BINDTODEVICE=nosuch0")[0],
		sockopt.Raw(unix.IPPROTO_UDP, 9999, []byte{1, 0, 0, 0}),
		parse(t, "IPV6_ADDRFORM=2")[0], // of the established stage, and only for connected sockets
	} {
		for range 5 {
			pc, err := listener.NewPacketConn(t.Context(), &listener.PacketConfig{
				Address: "udp://[::1]:0",
				Options: sockopt.Options{sockopt.UDPGRO.Value(true), option},
			})
			var failed *sockopt.Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, option.Name(), failed.Option)
			assert.Nil(t, pc)
			assert.Equal(t, "set option", failure(t, err).Op)
		}
	}
}

func TestOptionsOfPacketConns(t *testing.T) {
	noLeak(t)
	options := parse(t, "SO_RCVBUF=65536,SO_KEEPALIVE=true")
	addresses := []string{"udp6://[::1]:0", "udp://:0", "unixgram://" + filepath.Join(t.TempDir(), "s"), "ip4:icmp://127.0.0.1"}
	for _, address := range addresses {
		pc, err := listener.NewPacketConn(t.Context(), &listener.PacketConfig{Address: address, Options: options})
		if errors.Is(err, fs.ErrPermission) {
			skipUnlessCI(t, "raw sockets need CAP_NET_RAW")
		}
		require.NoError(t, err, address)
		assert.NoError(t, options.Verify(pc.(syscall.Conn)), address)
		assert.Equal(t, 131072, getInt(t, pc, unix.SOL_SOCKET, unix.SO_RCVBUF))
		assert.Equal(t, 1, getInt(t, pc, unix.SOL_SOCKET, unix.SO_KEEPALIVE), "the established stage comes after bind")
		pc.Close()
	}
}

func TestIPConnIsBare(t *testing.T) {
	noLeak(t)
	for _, address := range []string{"ip4:icmp://127.0.0.1", "ip4:1://", "ip6:58://::1"} {
		pc, err := listener.NewPacketConn(t.Context(), &listener.PacketConfig{Address: address})
		if errors.Is(err, fs.ErrPermission) {
			skipUnlessCI(t, "raw sockets need CAP_NET_RAW")
		}
		require.NoError(t, err, address)
		assert.IsType(t, &net.IPConn{}, pc)
		pc.Close()
	}
}

func TestAbstractUnixAndUnixpacket(t *testing.T) {
	noLeak(t)
	name := "@" + filepath.Base(t.TempDir()) + "-strata"
	for _, network := range []string{"unix", "unixpacket"} {
		l := open(t, &listener.Config{Address: network + "://" + name, Options: parse(t, "SO_PASSCRED=true,SO_KEEPALIVE=true")})
		assert.Equal(t, 1, getInt(t, l, unix.SOL_SOCKET, unix.SO_PASSCRED))
		client := dial(t, l)
		server := accept(t, l)
		assert.Equal(t, 1, getInt(t, server, unix.SOL_SOCKET, unix.SO_KEEPALIVE))
		client.Close()
		server.Close()
		require.NoError(t, l.Close())
	}
	_, err := listener.New(t.Context(), &listener.Config{Address: "unixpacket://" + name, TLS: newAuthority(t).server(t, "a")})
	require.ErrorIs(t, err, errors.ErrUnsupported)
}
