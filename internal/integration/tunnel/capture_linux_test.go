package tunnel_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/bench/lab/labtest"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/tun"
)

// recorder is a device that keeps all packets, as a file of pcap.
type recorder struct {
	tunx.IPDevice
	mu   sync.Mutex
	file bytes.Buffer
}

func record(d tunx.IPDevice) *recorder {
	r := &recorder{IPDevice: d}
	const raw = 101 // LINKTYPE_RAW
	for _, v := range []uint32{0xa1b2c3d4, 2 | 4<<16, 0, 0, 65535, raw} {
		r.file.Write(binary.NativeEndian.AppendUint32(nil, v))
	}
	return r
}

func (r *recorder) keep(p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for _, v := range []int64{now.Unix(), int64(now.Nanosecond() / 1000), int64(len(p)), int64(len(p))} {
		r.file.Write(binary.NativeEndian.AppendUint32(nil, uint32(v)))
	}
	r.file.Write(p)
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.IPDevice.Read(p)
	if err == nil {
		r.keep(p[:n])
	}
	return n, err
}

func (r *recorder) Write(p []byte) (int, error) {
	r.keep(p)
	return r.IPDevice.Write(p)
}

// frame is what tshark says of a packet, by the names of its fields.
type frame map[string]string

// is says whether the fields, "name=value", are those. Of several values, those behind the first are of a packet that is
// quoted.
func (f frame) is(fields ...string) bool {
	for _, field := range fields {
		name, want, _ := strings.Cut(field, "=")
		if got, _, _ := strings.Cut(f[name], ","); got != want {
			return false
		}
	}
	return true
}

// fieldsOf are those that the tests look at. The ones of checksums and errors are in wrong.
var (
	fieldsOf = []string{
		"frame.time_epoch", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.stream", "tcp.dstport", "tcp.flags.str", "tcp.seq", "tcp.ack", "udp.dstport",
		"icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code", "dns.count.answers", "ip.reassembled.length", "ipv6.reassembled.length",
	}
	wrong = []string{
		"ip.checksum.status", "tcp.checksum.status", "udp.checksum.status", "icmp.checksum.status", "icmpv6.checksum.status",
		"_ws.malformed", "ip.fragment.error", "ipv6.fragment.error", "tcp.analysis.ack_lost_segment",
	}
)

// tshark lets tshark look at all packets. It has to be told what is at the servers' ports: it guesses by the client's too,
// and takes what is at some of those for protocols that it knows.
func (r *recorder) tshark(t *testing.T, decode []string) (frames []frame) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	file := filepath.Join(t.TempDir(), "packets.pcap")
	require.NoError(t, os.WriteFile(file, r.file.Bytes(), 0o600))
	args := []string{
		"-r", file, "-T", "fields",
		"-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
	}
	for _, d := range decode {
		args = append(args, "-d", d)
	}
	fields := slices.Concat(fieldsOf, wrong)
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	out, err := exec.CommandContext(t.Context(), "tshark", args...).Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(out)) {
		values := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		require.Len(t, values, len(fields), line)
		f := frame{}
		for i, name := range fields {
			f[name] = values[i]
		}
		frames = append(frames, f)
	}
	return frames
}

// those are the frames that have the fields.
func those(frames []frame, fields ...string) (list []frame) {
	for _, f := range frames {
		if f.is(fields...) {
			list = append(list, f)
		}
	}
	return list
}

// What curl, dig and ping cause on the wire is what a network would have there.
func TestOnTheWire(t *testing.T) {
	labtest.Need(t, "tshark")
	var r *recorder
	var mu sync.Mutex
	var dialled []dial
	dialer := tunx.StreamDialerFrom(&net.Dialer{})
	w := newWorld(t, tun.Config{NoOffload: true}, forward.Config{
		Echo: forward.EchoAnswer,
		Streams: streamDialerFunc(func(ctx context.Context, address string) (tunx.StreamConn, error) {
			begun := time.Now()
			time.Sleep(20 * time.Millisecond) // so that an answer before it would be seen
			c, err := dialer.DialStream(ctx, address)
			mu.Lock()
			defer mu.Unlock()
			dialled = append(dialled, dial{address, begun, time.Now()})
			return c, err
		}),
	}, func(d tunx.IPDevice) tunx.IPDevice {
		r = record(d)
		return r
	}, "curl", "dig", "ping")
	content := pattern(1 << 20)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	decode := []string{"udp.port==1,dns"}
	for _, server := range servers {
		url := serveWeb(t, server, content)
		decode = append(decode, fmt.Sprintf("tcp.port==%d,data", netip.MustParseAddrPort(strings.Trim(url, "htp:/")).Port()))
		w.must("curl", "-sS", "-o", os.DevNull, url)
		w.must("curl", "-sS", "-T", file, url)
		w.run("curl", "-sS", "http://"+netip.AddrPortFrom(server, 1).String())
		dig := []string{"+bufsize=4096", "+short", "+timeout=30", "+tries=1", "@" + server.String(), "-p"}
		port := strconv.Itoa(int(serveDNS(t, server)))
		decode = append(decode, "udp.port=="+port+",dns")
		w.must("dig", append(dig, port, "example.com", "TXT")...)
		w.run("dig", append(dig, "1", "example.com")...)
		w.must("ping", "-c", "1", "-W", "20", "-s", "4000", server.String())
	}

	frames := r.tshark(t, decode)
	require.Greater(t, len(frames), 1000)
	sums := 0
	for i, f := range frames {
		for _, name := range wrong {
			const unchecked = "2" // that of what is quoted in part
			switch strings.Split(f[name], ",")[0] {
			case "", unchecked:
			case "1":
				assert.True(t, strings.HasSuffix(name, "checksum.status"), "packet %d: %s: %v", i+1, name, f)
				sums++
			default:
				assert.Fail(t, "packet", "%d: %s: %v", i+1, name, f)
			}
		}
	}
	assert.Greater(t, sums, 1000, "checksums were looked at")
	mu.Lock()
	defer mu.Unlock()
	afterDials(t, frames, dialled)

	assert.Len(t, those(frames, "ip.src=192.0.2.1", "ip.dst=10.1.2.3", "icmp.type=3", "icmp.code=3", "udp.dstport=1"), 1)
	assert.Len(t, those(frames, "ipv6.src=2001:db8::1", "ipv6.dst=fd00::3", "icmpv6.type=1", "icmpv6.code=4", "udp.dstport=1"), 1)
	assert.Len(t, those(frames, "icmp.type=0", "ip.src=192.0.2.1", "ip.reassembled.length=4008"), 1)
	assert.Len(t, those(frames, "icmpv6.type=129", "ipv6.src=2001:db8::1", "ipv6.reassembled.length=4008"), 1)
	for _, f := range those(frames, "dns.count.answers=10") {
		assert.NotEmpty(t, f["ip.reassembled.length"]+f["ipv6.reassembled.length"], f)
	}
	assert.Len(t, those(frames, "dns.count.answers=10"), 2)
}

// dial is one of the forwarder's.
type dial struct {
	address      string
	begun, ended time.Time
}

// afterDials checks that the SYN of each flow was answered after its dial had come to an end: four with a SYN, two with a
// reset. The first answers count: on a busy machine a SYN may come again, and have another one, or even another dial.
func afterDials(t *testing.T, frames []frame, dialled []dial) {
	t.Helper()
	asked, answered := map[string]frame{}, map[string]frame{} // by the number of the flow
	note := func(first map[string]frame, f frame) {
		if _, again := first[f["tcp.stream"]]; !again {
			first[f["tcp.stream"]] = f
		}
	}
	for _, f := range frames {
		switch {
		case f.is("tcp.flags.str=··········S·"):
			note(asked, f)
		case f.is("tcp.flags.str=·······A··S·"), f.is("tcp.flags.str=·······A·R··", "tcp.seq=1", "tcp.ack=1"):
			note(answered, f)
		}
	}
	require.Len(t, asked, 6)
	kinds := map[string]int{}
	for flow, syn := range asked {
		require.Contains(t, answered, flow)
		answer := answered[flow]
		kinds[answer["tcp.flags.str"]]++
		to := net.JoinHostPort(syn["ip.dst"]+syn["ipv6.dst"], syn["tcp.dstport"])
		assert.True(t, slices.ContainsFunc(dialled, func(d dial) bool {
			return d.address == to && !d.begun.Before(syn.time(t)) && !answer.time(t).Before(d.ended.Truncate(time.Microsecond))
		}), "flow %s: from %v to %v no dial to %s has begun and ended: %v", flow, syn.time(t), answer.time(t), to, dialled)
	}
	assert.Equal(t, map[string]int{"·······A··S·": 4, "·······A·R··": 2}, kinds)
}

// time is when the packet crossed the device, in microseconds.
func (f frame) time(t *testing.T) time.Time {
	t.Helper()
	var seconds, fraction int64
	_, err := fmt.Sscanf(f["frame.time_epoch"], "%d.%d", &seconds, &fraction)
	require.NoError(t, err)
	return time.Unix(seconds, fraction)
}
