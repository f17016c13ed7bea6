package socketz_test

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/sockopt/socketz"
)

func TestPacketConns(t *testing.T) {
	var r socketz.Registry
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer pc.Close()
	c, err := net.Dial("udp", pc.LocalAddr().String())
	require.NoError(t, err)
	defer c.Close()
	add(t, &r, socketz.Socket{Name: "dns", Role: socketz.Packets, Conn: pc, Options: sockopt.Options{sockopt.Broadcast.Value(true)}})
	add(t, &r, socketz.Socket{Name: "to", Role: socketz.Dialled, Conn: c, Counters: func(conn any) any {
		return map[string]string{"local": conn.(net.Conn).LocalAddr().String()}
	}})
	d := look(t, &r, "")
	require.Len(t, d.Listeners, 1)
	assert.Equal(t, socketz.Packets, d.Listeners[0].Role)
	assert.Equal(t, "udp4", d.Listeners[0].Network)
	assert.Equal(t, "open", d.Listeners[0].State)
	assert.Nil(t, d.Listeners[0].TCP)
	assert.Equal(t, "ok", d.Listeners[0].Options[0].Verdict)
	require.Len(t, d.Conns, 1)
	assert.Equal(t, pc.LocalAddr().String(), d.Conns[0].Remote)
	assert.Contains(t, string(d.Conns[0].Counters), c.LocalAddr().String())
	page := html(t, &r, fmt.Sprintf("id=%d", d.Conns[0].ID))
	assert.Contains(t, page, "<dt>local</dt><dd>"+c.LocalAddr().String())
}

func TestUnixConns(t *testing.T) {
	var r socketz.Registry
	name := filepath.Join(t.TempDir(), "<b>.sock")
	l := listenUnix(t, name)
	defer l.Close()
	_, server := connect(t, l)
	add(t, &r, socketz.Socket{Name: "u", Conn: server})
	assert.Equal(t, name, only(t, &r).Local)
	assert.Equal(t, "unix", only(t, &r).Network)
	page := html(t, &r, fmt.Sprintf("id=%d", only(t, &r).ID))
	assert.Contains(t, page, "&lt;b&gt;.sock")
	assert.NotContains(t, page, "<b>.sock")
}

// A socket alone has all that a page has, and all of its options; it is found as long as it is open.
func TestOneSocket(t *testing.T) {
	var r socketz.Registry
	_, server := connect(t, plainTCP(t))
	before := time.Now().Add(-time.Second)
	add(t, &r, socketz.Socket{Name: "x", Conn: server, Options: sockopt.Options{sockopt.TCPNoDelay.Value(false)}})
	id := only(t, &r).ID
	s := look(t, &r, fmt.Sprintf("id=%d", id)).Socket
	require.NotNil(t, s)
	assert.Equal(t, "x", s.Name)
	assert.True(t, s.Since.After(before) && s.Since.Before(time.Now().Add(time.Second)))
	assert.NotEmpty(t, s.All)
	assert.Equal(t, "differs", s.Options[0].Verdict, "package net sets it")
	page := html(t, &r, fmt.Sprintf("id=%d", id))
	assert.Contains(t, page, "All options")
	assert.Contains(t, page, "SO_RCVBUF")
	assert.Contains(t, page, `<tr role="row" class="differs"><th scope="row" role="rowheader" class="mono" data-label="Option">TCP_NODELAY`)
	assert.Contains(t, html(t, &r, ""), ">1 of 1 differ</a>")

	w := request(t, r.Handler(nil), "/?id=77")
	assert.Equal(t, 404, w.Code)
	assert.Equal(t, "socketz: query id=77: no socket has it, or not any more\n", w.Body.String())
	server.Close()
	assert.Equal(t, 404, request(t, r.Handler(nil), fmt.Sprintf("/?id=%d", id)).Code)
}

// Names are the program's, and texts of peers anybody's: they are text on the page.
func TestHostileTexts(t *testing.T) {
	var r socketz.Registry
	const evil = `<script>alert(1)</script>"'--></style>{{.}}` + "\x00\x1b[2J\u202e\xff\u2028"
	conn := &fake{remote: textAddr(evil), local: textAddr(evil)}
	add(t, &r, socketz.Socket{Name: evil, Conn: conn})
	add(t, &r, socketz.Socket{Name: evil, Role: socketz.Listening, Conn: conn})
	r.Counters(evil, func() any { return map[string]string{evil: evil} })
	id := only(t, &r).ID
	for _, query := range []string{"", fmt.Sprintf("id=%d", id), "name=" + "%3Cscript%3E%22", "peer=%3Cscript%3E%22%3E"} {
		page := html(t, &r, query)
		assert.NotContains(t, page, "<script")
		assert.NotContains(t, page, `"'-->`)
		assert.NotContains(t, page, "\x00")
		assert.NotContains(t, page, "\x1b")
		assert.NotContains(t, page, "\u202e")
		assert.NotContains(t, page, "\xff")
	}
	s := only(t, &r)
	want := `<script>alert(1)</script>"'--></style>{{.}}\x00\x1b[2J\u202e\xff\u2028`
	assert.Equal(t, want, s.Name)
	assert.Equal(t, want, s.Remote)
	d := look(t, &r, "")
	assert.Equal(t, want, d.Counters[0].Name)
	assert.Equal(t, want, d.Totals[0].Name)
}

// textAddr is an address of any text.
type textAddr string

func (textAddr) Network() string  { return "tcp" }
func (a textAddr) String() string { return string(a) }

// fake is a conn without a descriptor.
type fake struct {
	net.Conn

	local, remote net.Addr
	block         chan struct{}
}

func (f *fake) LocalAddr() net.Addr { return f.local }

func (f *fake) RemoteAddr() net.Addr {
	if f.block != nil {
		<-f.block
	}
	return f.remote
}

func TestTexts(t *testing.T) {
	assert.Equal(t, strings.Repeat("x", 256)+"…", socketz.Printable(strings.Repeat("x", 1000)))
	for n, want := range map[int64]string{
		-1: "–", 0: "0 B", 999: "999 B", 1000: "1.0 kB", 123456: "123 kB", 9_990_000: "10.0 MB", 1 << 62: "4.6 EB",
	} {
		assert.Equal(t, want, socketz.Bytes(n))
	}
	for d, want := range map[time.Duration]string{
		-1: "0 ms", 7 * time.Millisecond: "7 ms", 2500 * time.Millisecond: "2.5 s", 61 * time.Second: "1 min 1 s",
		2*time.Hour + 3*time.Minute: "2 h 3 min", 49 * time.Hour: "2 d 1 h",
	} {
		assert.Equal(t, want, socketz.Age(d))
	}
}
