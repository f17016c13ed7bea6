package peers_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/pki"
)

// A child is a program that runs beside the test.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out buffer // both outputs
}

// spawn starts a program, which is killed at the end of the test.
func spawn(t *testing.T, name string, args ...string) *child {
	t.Helper()
	c := new(child)
	// Not t.Context(): it ends before the cleanup.
	c.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), program(t, name), args...)
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = t.TempDir(), &c.out, &c.out
	var err error
	c.in, err = c.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, c.cmd.Start())
	t.Cleanup(func() {
		c.cmd.Process.Kill()
		c.cmd.Wait()
	})
	return c
}

// prints waits until the output has a pattern, and returns what it found.
func (c *child) prints(t *testing.T, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	require.Eventually(t, func() bool { return re.MatchString(c.out.String()) }, patient, 5*time.Millisecond, "%q is missing in:\n%s", pattern, &c.out)
	return re.FindStringSubmatch(c.out.String())
}

// says writes to the program's input, which it sends.
func (c *child) says(t *testing.T, text string) {
	t.Helper()
	_, err := io.WriteString(c.in, text)
	require.NoError(t, err, "%s", &c.out)
}

// lastPort differs between processes, and keeps parallel tests apart.
var lastPort = func() *atomic.Uint32 {
	n := new(atomic.Uint32)
	n.Store(rand.Uint32N(10000))
	return n
}()

// freePort is a port of UDP that nobody has. It is below those that the kernel
// hands out (ip_local_port_range), so that nobody gets it until the program has it.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20000 + int(lastPort.Add(1)%10000))
		c, err := net.ListenPacket("udp", ":"+port)
		if err != nil {
			continue
		}
		require.NoError(t, c.Close())
		return port
	}
	require.Fail(t, "all ports are taken")
	return ""
}

// bound waits until a process has a socket of IPv4 on a port. gnutls-serv has one of
// IPv6 a moment before.
func bound(t *testing.T, c *child, port string) {
	t.Helper()
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	mark := fmt.Sprintf(":%04X ", n)
	require.Eventually(t, func() bool {
		sockets, _ := os.ReadFile("/proc/net/udp")
		return strings.Contains(string(sockets), mark)
	}, patient, 5*time.Millisecond, "%s", &c.out)
}

// opensslServer starts openssl s_server on a free port of 127.0.0.1.
func (a *authority) opensslServer(t *testing.T, args ...string) (c *child, address string) {
	t.Helper()
	port := freePort(t)
	c = spawn(t, "openssl", append([]string{"s_server", "-dtls1_2", "-accept", "127.0.0.1:" + port, "-CAfile", a.file}, args...)...)
	bound(t, c, port)
	return c, "127.0.0.1:" + port
}

// gnutlsServer starts gnutls-serv as an echo on a free port.
func (a *authority) gnutlsServer(t *testing.T, args ...string) (c *child, address string) {
	t.Helper()
	port := freePort(t)
	c = spawn(t, "gnutls-serv", append([]string{"--udp", "--echo", "--port=" + port, "--x509cafile=" + a.file}, args...)...)
	bound(t, c, port)
	return c, "127.0.0.1:" + port
}

// opensslClient starts openssl s_client, which sends what the test writes.
func (a *authority) opensslClient(t *testing.T, address string, args ...string) *child {
	t.Helper()
	return spawn(t, "openssl", a.opensslArgs(address, args)...)
}

func (a *authority) opensslArgs(address string, args []string) []string {
	return append([]string{"s_client", "-dtls1_2", "-connect", address, "-CAfile", a.file, "-verify_return_error", "-verify_hostname", "localhost", "-servername", "localhost"}, args...)
}

// gnutlsClient does the same with gnutls-cli.
func (a *authority) gnutlsClient(t *testing.T, address string, args ...string) *child {
	t.Helper()
	return spawn(t, "gnutls-cli", a.gnutlsArgs(t, address, args)...)
}

func (a *authority) gnutlsArgs(t *testing.T, address string, args []string) []string {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return append([]string{"--udp", "--port=" + port, "--x509cafile=" + a.file, "--sni-hostname=localhost", "--verify-hostname=localhost", host}, args...)
}

// asks runs a client against a server that tells what was agreed on.
func (a *authority) asks(t *testing.T, name, address string, args ...string) (out, words string) {
	t.Helper()
	if name == "openssl" {
		args = a.opensslArgs(address, append(args, "-ign_eof"))
	} else {
		args = a.gnutlsArgs(t, address, args)
	}
	// At the end of what it reads gnutls-cli closes, and may not hear the server.
	open, end, err := os.Pipe()
	require.NoError(t, err)
	defer open.Close()
	defer end.Close()
	out, err = tryWith(t, patient, open, name, args...)
	if m := agreed.FindStringSubmatch(out); m != nil {
		words = m[1]
	}
	assert.NotContains(t, out, "Error in priority", "the test's own")
	if err != nil {
		out += err.Error()
	}
	if err == nil && name == "openssl" {
		assert.NotEmpty(t, words, "%s %q:\n%s", name, args, out)
	}
	return out, words
}

// A dtlsProgram is how one program says things, as a client and as a server.
type dtlsProgram struct {
	client, server string
	serve          func(a *authority, t *testing.T, args ...string) (*child, string)
	connect        func(a *authority, t *testing.T, address string, args ...string) *child
	shows          func(files []string) []string // flags for a certificate
	wantsClient    []string                      // flags of a server that wants one
	pskClient      func(identity string, key []byte) []string
	pskServer      func(a *authority, t *testing.T, identity, hint string, key []byte) []string
	alpnServer     func(proto string) []string
	alpnClient     func(proto string) []string
	mtu            func(n int) []string
	closed         string              // what a server prints when its client closes
	alert          map[uint8]string    // what is printed of one that came
	refused        string              // what a server prints when its client refuses it
	curve          map[string][]string // flags for one curve
}

var dtlsPrograms = map[string]*dtlsProgram{
	"openssl": {
		client: "openssl", server: "openssl", serve: (*authority).opensslServer, connect: (*authority).opensslClient,
		shows:       func(files []string) []string { return []string{"-cert", files[0], "-key", files[1]} },
		wantsClient: []string{"-Verify", "1", "-verify_return_error"},
		pskClient: func(identity string, key []byte) []string {
			return []string{"-psk_identity", identity, "-psk", hex.EncodeToString(key), "-cipher", "PSK:@SECLEVEL=0"}
		},
		pskServer: func(_ *authority, _ *testing.T, identity, hint string, key []byte) []string {
			return []string{"-nocert", "-psk_identity", identity, "-psk", hex.EncodeToString(key), "-psk_hint", hint, "-cipher", "PSK:@SECLEVEL=0"}
		},
		alpnServer: func(proto string) []string { return []string{"-alpn", proto} },
		alpnClient: func(proto string) []string { return []string{"-alpn", proto} },
		mtu:        func(n int) []string { return []string{"-mtu", strconv.Itoa(n)} },
		alert:      map[uint8]string{noCertificate: "SSL alert number 41\n", badCertificate: "SSL alert number 42\n", internalError: "SSL alert number 80\n"},
		refused:    "SSL alert number 42\n",
		curve: map[string][]string{
			"x25519": {"-groups", "X25519"}, "secp256r1": {"-groups", "P-256"}, "secp384r1": {"-groups", "P-384"},
			"secp521r1": {"-groups", "P-521"}, "x448": {"-groups", "X448"},
		},
	},
	"gnutls": {
		client: "gnutls-cli", server: "gnutls-serv", serve: (*authority).gnutlsServer, connect: (*authority).gnutlsClient,
		shows: func(files []string) []string {
			return []string{"--x509certfile=" + files[0], "--x509keyfile=" + files[1]}
		},
		wantsClient: []string{"--require-client-cert", "--verify-client-cert"},
		pskClient: func(identity string, key []byte) []string {
			return []string{"--pskusername=" + identity, "--pskkey=" + hex.EncodeToString(key), "--priority=" + gnutlsPSK}
		},
		pskServer: func(a *authority, t *testing.T, identity, hint string, key []byte) []string {
			t.Helper()
			file := a.put(t, "psk", []byte(identity+":"+hex.EncodeToString(key)+"\n"))
			return []string{"--pskpasswd=" + file, "--pskhint=" + hint, "--priority=" + gnutlsPSK}
		},
		alpnServer: func(proto string) []string { return []string{"--alpn=" + proto, "--alpn-fatal"} },
		alpnClient: func(proto string) []string { return []string{"--alpn=" + proto} },
		mtu:        func(n int) []string { return []string{"--mtu=" + strconv.Itoa(n)} },
		alert:      map[uint8]string{noCertificate: `Received alert \[41\]`, badCertificate: `Received alert \[42\]`, internalError: `Received alert \[80\]`},
		refused:    "A TLS fatal alert has been received",
		curve: map[string][]string{
			"x25519": {gnutlsGroup + "X25519"}, "secp256r1": {gnutlsGroup + "SECP256R1"}, "secp384r1": {gnutlsGroup + "SECP384R1"},
			"secp521r1": {gnutlsGroup + "SECP521R1"}, "x448": {gnutlsGroup + "X448"},
		},
	},
}

const (
	gnutlsPSK   = "NORMAL:-VERS-ALL:+VERS-DTLS1.2:-KX-ALL:+PSK"
	gnutlsGroup = "--priority=NORMAL:-KX-ALL:+ECDHE-RSA:-GROUP-ALL:+GROUP-"
)

// ecdsaFiles are those of a certificate for localhost.
func (a *authority) ecdsaFiles(t *testing.T) []string {
	t.Helper()
	_, files := a.leaf(t, &pki.Leaf{Names: []string{"localhost"}})
	return files
}

// eachProgram runs a test with either program.
func eachProgram(t *testing.T, test func(t *testing.T, p *dtlsProgram)) {
	t.Helper()
	for name, p := range dtlsPrograms {
		t.Run(name, func(t *testing.T) { test(t, p) })
	}
}
