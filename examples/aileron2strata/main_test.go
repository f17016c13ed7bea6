package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// head is what stands above a document.
func head(message, from string) string {
	return "# yaml-language-server: $schema=https://raw.githubusercontent.com/strata-net/strata/main/spec/schema/" + message + ".json\n# " + from + "\n"
}

func TestStandardInput(t *testing.T) {
	status, out, errs := command("quicConfig: {keepAlivePeriod: 1500}", "-strict", "-check", "-")
	assert.Zero(t, status)
	assert.Empty(t, errs)
	assert.Equal(t, head("QuicConfig", "quicConfig")+"keep_alive_period: 1.5s\n", out)
}

func TestOutputFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.yaml")
	status, out, errs := command("tlsConfig: {}", "-o", path, "-")
	assert.Zero(t, status)
	assert.Empty(t, out+errs)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, head("TLSConfig", "tlsConfig")+"{}\n", string(text))
	status, _, errs = command("tlsConfig: {}", "-o", filepath.Join(path, "x"), "-")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "aileron2strata: open ")
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"a", "b"}, {"-nonsense"}, {"-page", "a"}} {
		status, out, errs := command("", args...)
		assert.Equal(t, 2, status, args)
		assert.Empty(t, out)
		assert.Contains(t, errs, "usage: aileron2strata")
	}
	status, out, _ := command("", "-page")
	assert.Zero(t, status)
	assert.Equal(t, page(), out)
}

func TestUnreadable(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "has nothing of AILERON's kernel/network",
		"a: [":                          "line 2",
		"- a":                           "has nothing of AILERON's",
		"kind: Entrypoint":              "has nothing of AILERON's",
		strings.Repeat("#", maxInput+1): "has more than 16777216 bytes",
	} {
		status, out, errs := command(in, "-")
		assert.Equal(t, 1, status)
		assert.Empty(t, out)
		assert.Contains(t, errs, want)
	}
	status, _, errs := command("", filepath.Join(t.TempDir(), "none"))
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "none")
}

// The builders' errors are findings; files may be missing here.
func TestCheck(t *testing.T) {
	in := "quicConfig: {initialStreamReceiveWindow: -1}\ntlsConfig: {rootCAs: [/nowhere/ca.pem]}"
	status, _, errs := command(in, "-check", "-strict", "-")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "standard input:1: lost: QuicConfig.initial_stream_receive_window_bytes: -1: ")
	assert.Contains(t, errs, "standard input:2: note: TLSConfig.roots.from[0]: \"/nowhere/ca.pem\": ")
}

// A dialer and a listener are built from what is printed, too.
func TestCheck_Net(t *testing.T) {
	for in, want := range map[string]string{
		"dialConfig: {localNetwork: tcp, localAddress: 'localhost:0'}": `DialConfig.local_addr: "tcp://localhost:0": host "localhost" is not an IP literal`,
		"dialConfig: {sockOption: {tcpOption: {deferAccept: 5}}}":      "DialConfig.options.TCP_DEFER_ACCEPT: ",
		"listenConfig: {addr: '127.0.0.1'}":                            `ListenConfig.address: "127.0.0.1": `,
	} {
		status, _, errs := command(in, "-strict", "-")
		assert.Zero(t, status, errs)
		status, _, errs = command(in, "-check", "-strict", "-")
		assert.Equal(t, 1, status, in)
		assert.Contains(t, errs, "standard input:1: lost: "+want, in)
	}
}
