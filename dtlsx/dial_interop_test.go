package dtlsx_test

import (
	"bufio"
	"encoding/hex"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// TestServersOfOtherLibraries dials OpenSSL with certificates and with a key.
func TestServersOfOtherLibraries(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the programs are those of Linux")
	}
	noLeak(t)
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	leaf := issue(t, &pki.Leaf{Names: []string{"127.0.0.1"}})
	chain, private := write("chain.pem", leaf.ChainPEM()), write("key.pem", leaf.KeyPEM())
	secret, err := keys([]byte("alice"))
	require.NoError(t, err)
	for name, test := range map[string]struct {
		args []string
		cfg  *dtlsx.DialConfig
		want string // the alert, "" for none
	}{
		"certificate": {[]string{"-cert", chain, "-key", private}, &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}}, ""},
		"connection":  {[]string{"-cert", chain, "-key", private}, &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS(), ConnectionID: 8}}, ""},
		"PSK":         {[]string{"-nocert", "-psk", hex.EncodeToString(secret), "-psk_identity", "alice", "-psk_hint", "hello"}, pskDial("alice"), ""},
		"no certificate": {[]string{"-cert", chain, "-key", private, "-Verify", "1", "-verify_return_error"},
			&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}}, "peer sent alert"},
	} {
		t.Run(name, func(t *testing.T) {
			address := quietAddr(t)
			args := append([]string{"s_server", "-dtls1_2", "-accept", address, "-quiet", "-naccept", "1"}, test.args...)
			cmd := exec.CommandContext(t.Context(), program(t, "openssl"), args...)
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			defer func() {
				cmd.Process.Kill()
				cmd.Wait()
			}()
			d, err := dtlsx.NewDialer(test.cfg)
			require.NoError(t, err)
			var c net.Conn
			for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
				c, err = d.Dial("udp", address)
				if err == nil || !strings.Contains(err.Error(), "refused") || time.Now().After(end) {
					break // it listens
				}
			}
			if test.want != "" {
				require.ErrorContains(t, err, test.want)
				return
			}
			require.NoError(t, err)
			defer c.Close()
			require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
			_, err = c.Write([]byte("from us\n"))
			require.NoError(t, err)
			line, err := bufio.NewReader(out).ReadString('\n')
			require.NoError(t, err)
			assert.Equal(t, "from us\n", line)
			_, err = in.Write([]byte("from openssl\n"))
			require.NoError(t, err)
			b := make([]byte, 100)
			n, err := c.Read(b)
			require.NoError(t, err)
			assert.Equal(t, "from openssl\n", string(b[:n]))
		})
	}
}
