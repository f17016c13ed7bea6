package peers_test

import (
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// gatewayDTLS is a gateway that takes certificates and keys in front of a UDP echo.
func gatewayDTLS(t *testing.T, identity string, key []byte) (*gateway, *authority) {
	t.Helper()
	a := newAuthority(t)
	keys := a.put(t, "keys", fmt.Appendf(nil, "%s:%s\n", identity, hex.EncodeToString(key)))
	g := start(t, fmt.Sprintf(`
upstreams: [{name: up, echo: udp}]
listeners:
  - {name: dtls, address: "udp://127.0.0.1:0", protocol: dtls, self_signed: [localhost, 127.0.0.1], dtls: {psk: {file: %q}, psk_hint: gateway}, routes: [{upstream: up}]}
`, keys))
	a.file = g.ca // whom the clients trust
	return g, a
}

// Both programs reach a UDP service through the gateway, with a certificate and
// with a key; without the right one they do not.
func TestDTLSGateway(t *testing.T) {
	key := []byte("sixteen bytes...")
	g, a := gatewayDTLS(t, "me", key)
	address := g.address(t, "dtls")
	eachProgram(t, func(t *testing.T, p *dtlsProgram) {
		for _, args := range [][]string{nil, p.pskClient("me", key)} {
			c := p.connect(a, t, address, args...)
			c.arrives(t, "over UDP\n")
			require.NoError(t, c.in.Close())
			assert.NoError(t, c.cmd.Wait(), "%s", &c.out)
		}
		out, err := try(t, patient, p.client, a.args(t, p, address, p.pskClient("you", key))...)
		assert.Error(t, err, out)
		assert.Regexp(t, p.alert[internalError], out)
	})
}

// args are those of a client.
func (a *authority) args(t *testing.T, p *dtlsProgram, address string, args []string) []string {
	t.Helper()
	if p.client == "openssl" {
		return a.opensslArgs(address, args)
	}
	return a.gnutlsArgs(t, address, args)
}

// helloOfOpenSSL is the first datagram of openssl s_client.
func helloOfOpenSSL(t *testing.T, a *authority) []byte {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer c.Close()
	a.opensslClient(t, c.LocalAddr().String())
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patient)))
	b := make([]byte, 2048)
	n, _, err := c.ReadFrom(b)
	require.NoError(t, err)
	return b[:n]
}

// residentMemory is a line of /proc/PID/status in bytes.
func residentMemory(t *testing.T, pid int, line string) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(status), line+":")
	require.True(t, found)
	n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	require.NoError(t, err)
	return n << 10
}

// Each of 10,000 addresses begins a handshake and never goes on: the gateway's
// process grows by no more than 8 MiB at its peak, and a client that goes on is
// served meanwhile.
func TestDTLSSpoofed(t *testing.T) {
	const sources, bound = 10_000, 8 << 20
	g, a := gatewayDTLS(t, "me", []byte("sixteen bytes..."))
	address := g.address(t, "dtls")
	good := func() time.Duration {
		begun := time.Now()
		c := a.opensslClient(t, address)
		c.arrives(t, "hello\n")
		require.NoError(t, c.in.Close())
		require.NoError(t, c.cmd.Wait(), "%s", &c.out)
		return time.Since(begun)
	}
	for range 5 {
		good()
	}
	hello := helloOfOpenSSL(t, a)
	server, err := net.ResolveUDPAddr("udp4", address)
	require.NoError(t, err)
	// The peak starts from here: proc(5), clear_refs.
	require.NoError(t, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", g.cmd.Process.Pid), []byte("5"), 0o600))
	before := residentMemory(t, g.cmd.Process.Pid, "VmRSS")
	answer, answered := make([]byte, 2048), 0
	for i := range sources {
		c, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, byte(1+i/62500), byte(i/250), byte(1+i%250))}, server)
		require.NoError(t, err)
		_, err = c.Write(hello)
		require.NoError(t, err)
		if i%50 == 49 { // else the kernel's buffer would run over, and nothing be shown
			require.NoError(t, c.SetReadDeadline(time.Now().Add(patient)))
			n, err := c.Read(answer)
			require.NoError(t, err)
			assert.Less(t, n, len(hello), "no amplification")
			answered++
		}
		c.Close()
		if i == sources/2 {
			t.Logf("a good client took %v", good())
		}
	}
	peak := residentMemory(t, g.cmd.Process.Pid, "VmHWM")
	t.Logf("%d sources, %d looked at and all answered: %d KiB resident before, %d KiB at the peak", sources, answered, before>>10, peak>>10)
	assert.Less(t, peak-before, int64(bound))
	assert.Equal(t, sources/50, answered)
	good()
}
