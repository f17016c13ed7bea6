package pcap_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/pcap"
)

// dissect lets tshark read a file, and returns the fields of each packet.
func dissect(t *testing.T, file []byte, fields ...string) []string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("tshark is looked for where Debian's is")
	}
	program, err := exec.LookPath("tshark")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("tshark is missing: Debian's package tshark has it")
		}
		t.Skip("tshark is missing: ", err)
	}
	name := filepath.Join(t.TempDir(), "capture.pcapng")
	require.NoError(t, os.WriteFile(name, file, 0o600))
	args := []string{"-n", "-r", name, "-T", "fields", "-E", "separator= ", "-E", "occurrence=f", "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	c := exec.CommandContext(t.Context(), program, args...)
	var complaints bytes.Buffer
	c.Stderr = &complaints
	out, err := c.Output()
	require.NoError(t, err, "%s", complaints.String())
	for line := range strings.Lines(complaints.String()) {
		if !strings.HasPrefix(line, "Running as user") {
			assert.Empty(t, line, "tshark complains")
		}
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// TestTshark: packets of both directions and several queues, cut, as they are.
func TestTshark(t *testing.T) {
	noLeak(t)
	var file bytes.Buffer
	x, y := tunx.Pipe(0)
	v, w := tunx.Pipe(0)
	d, capture, err := pcap.Tap(&several{plain{x}, []tunx.IPDevice{x, v}}, &file, &pcap.Config{Name: "tun7", SnapLen: 1000})
	require.NoError(t, err)
	super, o := packet(3000, 1000)
	small, _ := packet(101, 0)
	queues := d.(tunx.MultiQueue).Queues()
	_, err = queues[1].(tunx.OffloadDevice).WriteOffload([][]byte{super[:10], super[10:900], super[900:]}, o)
	require.NoError(t, err)
	_, err = y.Write(small)
	require.NoError(t, err)
	_, err = d.Read(make([]byte, 1500))
	require.NoError(t, err)
	_, err = w.Write(small)
	require.NoError(t, err)
	_, err = queues[1].Read(make([]byte, 50))
	require.NoError(t, err)
	require.NoError(t, d.Close())
	require.NoError(t, queues[1].Close())
	require.NoError(t, capture.Close())
	assert.Equal(t, pcap.Stats{Packets: 3, Bytes: 3028 + 129 + 50}, capture.Stats())
	assert.Equal(t, []string{
		"tun7 0x00000002 1 3028 1000 10.0.0.1 2000",
		"tun7 0x00000001  129 129 10.0.0.1 2000",
		"tun7 0x00000001 1 50 50 10.0.0.1 2000",
	}, dissect(t, file.Bytes(), "frame.interface_name", "frame.packet_flags", "frame.interface_queue", "frame.len", "frame.cap_len", "ip.src", "udp.dstport"))
}

// TestSegments: packets as they will be on a wire, with their checksums.
func TestSegments(t *testing.T) {
	noLeak(t)
	var file bytes.Buffer
	a, b, capture := tap(t, &file, &pcap.Config{Segments: true})
	write := func(p []byte, o tunx.Offload) {
		same := bytes.Clone(p)
		_, err := a.WriteOffload([][]byte{p[:20], p[20:]}, o)
		require.NoError(t, err)
		assert.Equal(t, same, p, "is not changed")
		_, _, err = b.ReadOffload(make([]byte, 65535))
		require.NoError(t, err)
	}
	write(packet(2500, 1000))
	write(packet(100, 0))
	require.NoError(t, a.Close())
	_, err := a.WriteOffload([][]byte{{0x45}}, tunx.Offload{})
	require.ErrorIs(t, err, tunx.ErrClosed)
	require.NoError(t, capture.Close())
	assert.Equal(t, uint64(4), capture.Stats().Packets)
	assert.Equal(t, []string{"1028 1 1 1", "1028 2 1 1", "528 3 1 1", "128 1 1 1"},
		decimal(dissect(t, file.Bytes(), "frame.len", "ip.id", "ip.checksum.status", "udp.checksum.status")))
}

// careless is a device that takes everything.
type careless struct{ tunx.OffloadDevice }

func (careless) WriteOffload(parts [][]byte, _ tunx.Offload) (int, error) { return len(parts[0]), nil }

// TestWrongOffload: a packet that cannot be cut up is captured as it is.
func TestWrongOffload(t *testing.T) {
	noLeak(t)
	var file bytes.Buffer
	pipe, _ := tunx.Pipe(0)
	d, capture, err := pcap.Tap(careless{pipe.(tunx.OffloadDevice)}, &file, &pcap.Config{Segments: true})
	require.NoError(t, err)
	p, o := packet(2000, 1000)
	o.CsumStart = 9
	_, err = d.(tunx.OffloadDevice).WriteOffload([][]byte{p}, o)
	require.NoError(t, err)
	require.NoError(t, capture.Close())
	_, err = d.(tunx.OffloadDevice).WriteOffload([][]byte{p}, o)
	require.NoError(t, err, "the device goes on")
	assert.Equal(t, []string{"2028 10.0.0.1"}, dissect(t, file.Bytes(), "frame.len", "ip.src"))
}

// decimal removes what tshark writes before and in hexadecimal numbers.
func decimal(lines []string) []string {
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], "0x000", "")
	}
	return lines
}

// TestDrops: the file says where packets are missing.
func TestDrops(t *testing.T) {
	noLeak(t)
	s := &stuck{gate: make(chan struct{})}
	a, b, capture := tap(t, s, &pcap.Config{Buffer: 128 << 10})
	p, _ := packet(1400, 0)
	send := func() {
		_, err := a.Write(p)
		require.NoError(t, err)
		_, err = b.Read(make([]byte, 1500))
		require.NoError(t, err)
	}
	for capture.Stats().Dropped < 10 {
		send()
	}
	dropped := capture.Stats().Dropped
	close(s.gate)
	for before := capture.Stats().Packets; capture.Stats().Packets == before; {
		send()
	}
	require.NoError(t, a.Close())
	require.NoError(t, capture.Close())
	lines := dissect(t, s.Bytes(), "frame.drop_count")
	last := lines[len(lines)-1]
	assert.NotEmpty(t, last)
	assert.GreaterOrEqual(t, capture.Stats().Dropped, dropped)
}
