package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func Example() {
	if err := run(os.Stdout, ""); err != nil {
		fmt.Println(err)
	}
	// Output:
	// the page: hello from the world
	// the echo: ping
	// refused: true
	// 192.0.2.80:80: refused: false
	// 192.0.2.80:81: refused: true
	// still open: 192.0.2.80:80, 97 bytes there, 137 back
	// 1 opened, 1 refused, 0 reset
}

// What was recorded is what was done.
func TestRecord(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("tshark is missing: Debian's package tshark has it")
		}
		t.Skip("tshark is missing: ", err)
	}
	file := filepath.Join(t.TempDir(), "tunnel.pcapng")
	require.NoError(t, run(&bytes.Buffer{}, file))
	packets, err := exec.CommandContext(t.Context(), tshark, "-n", "-r", file, "-T", "fields", "-e", "_ws.col.Protocol", "-e", "ip.dst").Output()
	require.NoError(t, err)
	for _, want := range []string{"DNS\t192.0.2.53\n", "HTTP\t192.0.2.80\n", "HTTP\t10.7.0.2\n", "ECHO\t192.0.2.7\n"} {
		assert.Contains(t, string(packets), want)
	}
	assert.Equal(t, 1, strings.Count(string(packets), "HTTP\t10.7.0.2\n"))

	assert.ErrorIs(t, run(&bytes.Buffer{}, filepath.Join(t.TempDir(), "none", "file")), os.ErrNotExist)
}
