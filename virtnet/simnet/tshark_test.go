package simnet_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// dissected is what tshark says about a file.
type dissected struct {
	packets []map[string]string // fields by name, of each packet
	streams [][2]string         // payload of both directions, the client's first
}

// dissectedFields are those that it is asked for. The first ones tell what is wrong.
var dissectedFields = []string{
	"ip.checksum.status", "tcp.checksum.status", "udp.checksum.status", "icmp.checksum.status", "icmpv6.checksum.status",
	"_ws.malformed", "_ws.expert.severity", "_ws.expert.message",
	"tcp.stream", "tcp.srcport", "tcp.dstport", "tcp.len", "tcp.seq", "tcp.ack", "tcp.flags.str", "tcp.analysis.retransmission",
	"frame.time_epoch", "frame.cap_len", "frame.len", "http.request.method", "http.response.code",
	"tls.handshake.type", "dns.qry.name", "dns.a", "icmp.code", "icmpv6.code",
}

// tshark needs the program.
func tshark(t *testing.T) string {
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
	return program
}

// dissect writes what a capture sees to a file, and lets tshark read it and check
// all checksums. Starting it takes most of the time: hence one run for all.
func dissect(t *testing.T, c simnet.Capture, events []simnet.Event, streams int, args ...string) dissected {
	t.Helper()
	program := tshark(t)
	name := filepath.Join(t.TempDir(), "capture.pcapng")
	f, err := os.Create(name)
	require.NoError(t, err)
	require.NoError(t, c.WritePcapng(f, slices.Values(events)))
	require.NoError(t, f.Close())
	return dissectFile(t, program, name, streams, args...)
}

func dissectFile(t *testing.T, program, name string, streams int, args ...string) dissected {
	t.Helper()
	args = append(args, "-n", "-r", name, "-T", "fields", "-E", "separator=|",
		"-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
		"-o", "tcp.reassemble_out_of_order:TRUE") // without it tshark takes early segments for malformed
	for _, field := range dissectedFields {
		args = append(args, "-e", field)
	}
	for i := range streams {
		args = append(args, "-z", fmt.Sprintf("follow,tcp,raw,%d", i))
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "LC_ALL=C.UTF-8")
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	require.NoError(t, cmd.Run(), complaints.String())
	for line := range strings.Lines(complaints.String()) {
		assert.Contains(t, line, "Running as user", "the only thing that it may say")
	}
	return parse(t, out.String(), streams)
}

// parse reads a line for each packet, and then the streams one after another.
func parse(t *testing.T, text string, streams int) dissected {
	t.Helper()
	parts := strings.Split(text, strings.Repeat("=", 67)+"\n")
	require.Len(t, parts, 1+2*streams)
	var d dissected
	for line := range strings.Lines(parts[0]) {
		values := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		if len(values) != len(dissectedFields) {
			continue // the empty line before the first stream
		}
		packet := map[string]string{}
		for i, field := range dissectedFields {
			packet[field] = values[i]
		}
		d.packets = append(d.packets, packet)
	}
	d.streams = make([][2]string, streams)
	for i := range streams { // versions differ in the order
		var number int
		var sides [2]string
		for line := range strings.Lines(parts[1+2*i]) {
			line = strings.TrimSuffix(line, "\n")
			fmt.Sscanf(line, "Filter: tcp.stream eq %d", &number)
			payload, reply := strings.CutPrefix(line, "\t")
			if raw, err := hex.DecodeString(payload); err == nil {
				if reply {
					sides[1] += string(raw)
				} else {
					sides[0] += string(raw)
				}
			}
		}
		require.Less(t, number, streams)
		d.streams[number] = sides
	}
	return d
}

// complaints are what tshark finds wrong, but for warnings with the allowed texts.
func (d dissected) complaints(allowed ...string) []string {
	const warning = 0x00600000
	var found []string
	for i, p := range d.packets {
		for _, field := range dissectedFields[:5] {
			for status := range strings.SplitSeq(p[field], ",") {
				if status == "0" || status == "3" { // bad, illegal
					found = append(found, fmt.Sprintf("packet %d: %s: bad", i+1, field))
				}
			}
		}
		if p["_ws.malformed"] != "" {
			found = append(found, fmt.Sprintf("packet %d: malformed", i+1))
		}
		severities := strings.Split(p["_ws.expert.severity"], ",")
		for j, message := range strings.Split(p["_ws.expert.message"], ",") {
			if s, _ := strconv.Atoi(severities[min(j, len(severities)-1)]); s >= warning && !slices.Contains(allowed, message) {
				found = append(found, fmt.Sprintf("packet %d: %s", i+1, message))
			}
		}
	}
	return found
}

// values are those of a field that are not empty.
func (d dissected) values(field string) []string {
	var found []string
	for _, p := range d.packets {
		if p[field] != "" {
			found = append(found, p[field])
		}
	}
	return found
}

const (
	query  = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01b\x04test\x00\x00\x01\x00\x01"
	answer = "\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x01b\x04test\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x00\x02"
)

// everything is events of each kind of packet, over IPv4 and over IPv6.
func everything() []simnet.Event {
	reset := newStory("10.0.0.1:49153", "10.0.0.2:81")
	reset.pass(false, simnet.KindDial, simnet.StepSYN, 0, "")
	reset.pass(true, simnet.KindAccept, simnet.StepSYNACK, 0, "")
	reset.pass(false, simnet.KindSend, simnet.StepData, 0, "hello")
	reset.pass(true, simnet.KindReset, simnet.StepRST, 0, "")
	refused := newStory("10.0.0.1:49154", "10.0.0.2:82")
	refused.pass(false, simnet.KindDial, simnet.StepSYN, 0, "")
	refused.pass(true, simnet.KindRefuse, simnet.StepRST, 0, "")
	var all []simnet.Event
	for i, s := range []*story{
		exchange("10.0.0.1:49152", "10.0.0.2:80"), exchange("[fd00::1]:49152", "[fd00::2]:80"), reset, refused,
		datagram("10.0.0.1:5000", "10.0.0.2:53", query, answer), datagram("[fd00::1]:5000", "[fd00::2]:53", query, answer),
		datagram("10.0.0.1:5001", "10.0.0.2:53", query, ""), datagram("[fd00::1]:5001", "[fd00::2]:53", query, ""),
	} {
		for _, e := range s.events {
			e.Flow = uint64(i)
			e.Time += time.Duration(i) * time.Second
			all = append(all, e)
		}
	}
	return all
}

func TestTsharkReadsEverything(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"", "a", "b"} {
		d := dissect(t, simnet.Capture{Host: host}, everything(), 4)
		assert.Empty(t, d.complaints("Connection reset (RST)"), host)
		http := [2]string{request, response}
		assert.Equal(t, [][2]string{http, http, {"hello", ""}, {"", ""}}, d.streams, host)
		assert.Equal(t, []string{"GET", "GET"}, d.values("http.request.method"))
		assert.Equal(t, []string{"200", "200"}, d.values("http.response.code"))
		again := []string{"1", "1"}
		if host == "b" {
			again = nil // what gets lost is not seen there
		}
		assert.Equal(t, again, d.values("tcp.analysis.retransmission"), host)
		var resets []string
		for _, p := range d.packets {
			if strings.Contains(p["tcp.flags.str"], "R") {
				resets = append(resets, p["tcp.srcport"])
			}
		}
		assert.Equal(t, []string{"81", "82"}, resets)
		assert.Equal(t, []string{"10.0.0.2", "10.0.0.2"}, d.values("dns.a"))
		assert.Equal(t, []string{"3"}, d.values("icmp.code"))
		assert.Equal(t, []string{"4"}, d.values("icmpv6.code"))
	}
}

// What was not kept is told as such, and nothing else is wrong with it.
func TestTsharkReadsPart(t *testing.T) {
	t.Parallel()
	const kept = 4
	d := dissect(t, simnet.Capture{}, cut(everything(), kept), 0)
	assert.Empty(t, d.complaints("Connection reset (RST)"))
	number := func(p map[string]string, field string) int {
		n, err := strconv.Atoi(p[field])
		require.NoError(t, err)
		return n
	}
	var total int
	for _, p := range d.packets {
		if p["tcp.len"] != "" {
			n := number(p, "tcp.len")
			total += n
			assert.Equal(t, number(p, "frame.len")-max(0, n-kept), number(p, "frame.cap_len"))
		}
	}
	assert.Equal(t, 2*(len(request)+10+len(response))+len("hello"), total)
}

// The test would see what is wrong.
func TestTsharkComplains(t *testing.T) {
	t.Parallel()
	program := tshark(t)
	var b bytes.Buffer
	require.NoError(t, simnet.Capture{}.WritePcapng(&b, slices.Values(everything())))
	broken := bytes.Replace(b.Bytes(), []byte("GET /"), []byte("GET !"), 1)
	name := filepath.Join(t.TempDir(), "broken.pcapng")
	require.NoError(t, os.WriteFile(name, broken, 0o600))
	found := dissectFile(t, program, name, 0).complaints("Connection reset (RST)")
	require.Len(t, found, 2)
	assert.Equal(t, "packet 4: tcp.checksum.status: bad", found[0])
	assert.Contains(t, found[1], "packet 4: Bad checksum")
}
