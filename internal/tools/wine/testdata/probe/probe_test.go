// Package probe_test is a module's tests as the program meets them: each one
// needs something that wine 8.0 lacks, or that the program must pass on.
package probe_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if os.Getenv("PROBE_CHILD") != "" {
		io.Copy(os.Stdout, os.Stdin)
		os.Exit(7)
	}
	os.Exit(m.Run())
}

func TestPlatform(t *testing.T) {
	if runtime.GOOS != "windows" {
		t.Errorf("runs on %s", runtime.GOOS)
	}
	if _, err := os.Stat("probe_test.go"); err != nil {
		t.Errorf("not in the package's directory: %v", err)
	}
}

func TestRandom(t *testing.T) {
	a, b := make([]byte, 32), make([]byte, 32)
	rand.Read(a)
	rand.Read(b)
	if bytes.Equal(a, b) {
		t.Errorf("twice %x", a)
	}
}

func TestRemove(t *testing.T) {
	dir, err := os.MkdirTemp("", "probe é")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a file"), nil, 0o600); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
}

func TestTCP(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		ln, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		go func() {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			io.Copy(c, c)
			c.Close()
		}()
		echo(t, ln.Addr())
	}
}

func TestUDP(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		p, err := net.ListenPacket("udp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		go func() {
			b := make([]byte, 100)
			n, from, err := p.ReadFrom(b)
			if err == nil {
				p.WriteTo(b[:n], from)
			}
		}()
		echo(t, p.LocalAddr())
	}
}

// echo sends some bytes to an echo server and wants them back.
func echo(t *testing.T, to net.Addr) {
	t.Helper()
	c, err := net.Dial(to.Network(), to.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, "hello"); err != nil {
		t.Error(err)
	}
	b := make([]byte, 5)
	if _, err := io.ReadFull(c, b); err != nil || string(b) != "hello" {
		t.Errorf("%s: got %q, %v", to, b, err)
	}
}

func TestChild(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "PROBE_CHILD=1")
	cmd.Stdin = strings.NewReader("hello")
	out, err := cmd.Output()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 7 || string(out) != "hello" {
		t.Errorf("got %q, %v; want hello and exit code 7", out, err)
	}
}

// TestWanted fails or hangs when it is asked to: that must come through.
func TestWanted(t *testing.T) {
	if os.Getenv("PROBE_HANG") != "" {
		os.Stdout.WriteString("hanging, as wanted\n")
		time.Sleep(time.Hour)
	}
	if os.Getenv("PROBE_FAIL") != "" {
		t.Error("a failure, as wanted")
	}
}
