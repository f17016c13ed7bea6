package socketz

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Config describes a handler. It is not changed, and nil is the zero Config.
type Config struct {
	// Title is the heading of the page. Empty: the name of the program.
	Title string

	// AllowRemote serves everybody who gets here: from other machines, under any Host, through proxies. Who may come in
	// is the caller's decision then, as always: set it only behind an authentication of your own. The page tells the
	// addresses of all peers, and who they are by their certificates.
	AllowRemote bool

	// OnRefused, if set, is told of each request that is refused, with an [*Error] that is [ErrRefused]. It is called by
	// several goroutines at a time.
	OnRefused func(r *http.Request, err error)
}

// Handler shows the sockets of the registry: a page for browsers, and the same as JSON with ?format=json. It answers GET
// and HEAD, at whatever path it is mounted. It asks nobody who he is. Unless [Config.AllowRemote] is set, it refuses
// clients that are not on this machine, requests with a Host that is no loopback address (DNS rebinding), those of other
// sites, and those that a proxy has passed on; it serves unix sockets, whose file says who may open them.
//
// The parameters are id (one socket, with all its options), name, role, peer (a part of the address) and state (which
// conns), sort, limit (1 to 1000) and offset, refresh (seconds) and format.
func (r *Registry) Handler(cfg *Config) http.Handler {
	h := &handler{registry: r}
	if cfg != nil {
		h.cfg = *cfg
	}
	if h.cfg.Title == "" && len(os.Args) > 0 {
		h.cfg.Title = filepath.Base(os.Args[0])
	}
	h.turn = make(chan struct{}, 1)
	return h
}

// A handler serves the page.
type handler struct {
	registry *Registry
	cfg      Config
	turn     chan struct{} // holds a value while a request goes through all sockets: that costs time, so one at a time
}

// protection is what a browser is told: nothing is loaded, run, framed, kept or passed on.
var protection = map[string]string{
	"Cache-Control":                "no-store",
	"Content-Security-Policy":      "default-src 'none'; style-src '" + styleHash + "'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Referrer-Policy":              "no-referrer",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
}

// ServeHTTP answers a request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name, value := range protection {
		w.Header().Set(name, value)
	}
	if err := local(r); err != nil && !h.cfg.AllowRemote {
		if h.cfg.OnRefused != nil {
			h.cfg.OnRefused(r, err)
		}
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "want GET or HEAD", http.StatusMethodNotAllowed)
		return
	}
	q, err := newQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if q.ID != 0 {
		h.one(w, r, q)
		return
	}
	h.page(w, r, q)
}

// one answers with one socket.
func (h *handler) one(w http.ResponseWriter, r *http.Request, q *query) {
	p := h.newPage(q)
	if e := h.registry.find(q.ID); e != nil {
		p.Socket = p.look.view(e, true)
	}
	if p.Socket == nil {
		http.Error(w, (&Error{Op: "query", Field: "id", Value: fmt.Sprint(q.ID), Err: badValue("no socket has it, or not any more")}).Error(), http.StatusNotFound)
		return
	}
	h.write(w, r, p)
}

// page answers with some of the sockets.
func (h *handler) page(w http.ResponseWriter, r *http.Request, q *query) {
	p := h.newPage(q)
	select {
	case h.turn <- struct{}{}:
	case <-r.Context().Done():
		return
	}
	chosen, err := h.registry.choose(r.Context(), p.look, q)
	<-h.turn
	if err != nil {
		return // the client has gone
	}
	p.selection = *chosen
	p.Counters = h.registry.read(p.look)
	h.write(w, r, p)
}

// write sends the page as it is made, a socket at a time.
func (h *handler) write(w http.ResponseWriter, r *http.Request, p *page) {
	form, write := "text/html; charset=utf-8", writeHTML
	if p.Query.JSON {
		form, write = "application/json", writeJSON
	}
	w.Header().Set("Content-Type", form)
	if p.Query.Refresh > 0 && !p.Query.JSON {
		w.Header().Set("Refresh", fmt.Sprint(p.Query.Refresh))
	}
	if r.Method == http.MethodHead {
		return
	}
	out := &buffered{ctx: r.Context(), w: w}
	write(out, p)
	out.flush()
}

// buffered collects small writes, and is quiet when the client has gone.
type buffered struct {
	ctx context.Context
	w   http.ResponseWriter
	buf bytes.Buffer
	err error
}

// Write never fails: over tells.
func (b *buffered) Write(p []byte) (int, error) {
	const enough = 16 << 10
	b.buf.Write(p)
	if b.buf.Len() > enough {
		b.flush()
	}
	return len(p), nil
}

func (b *buffered) text(s string) { _, _ = b.Write([]byte(s)) }

func (b *buffered) flush() {
	if !b.over() {
		_, b.err = b.w.Write(b.buf.Bytes())
	}
	b.buf.Reset()
}

// over reports whether there is nobody to write for.
func (b *buffered) over() bool { return b.err != nil || b.ctx.Err() != nil }

// A page is what is shown.
type page struct {
	selection

	Title    string
	Process  process
	Time     time.Time
	Query    *query
	Socket   *view // one alone; nil: a page
	Counters []counted
	look     *look
}

// A process is what is shown of this one.
type process struct {
	PID     int       `json:"pid"`
	Go      string    `json:"go"`
	System  string    `json:"system"`
	Started time.Time `json:"started"`
}

// started is about when the process began.
var started = time.Now()

func (h *handler) newPage(q *query) *page {
	return &page{
		Title: printable(h.cfg.Title), Time: time.Now().Round(0), Query: q, look: h.registry.asker.look(),
		Process: process{os.Getpid(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, started.Round(0)},
	}
}

// maxShared bounds how many sockets that listen a page shows.
const maxShared = 500

// listeners calls f for those of the page.
func (p *page) listeners(out *buffered, f func(*view)) {
	p.each(out, p.shared[:min(maxShared, len(p.shared))], f)
}

// conns calls f for those of the page.
func (p *page) conns(out *buffered, f func(*view)) { p.each(out, p.chosen, f) }

// each asks the sockets of a list as long as there is somebody to write for.
func (p *page) each(out *buffered, list []*record, f func(*view)) {
	for _, e := range list {
		if out.over() {
			return
		}
		if v := p.look.view(e, false); v != nil { // else it has gone since it was chosen
			f(v)
		}
	}
}

// options are counted by verdict.
func (v *view) verdicts() map[verdict]int {
	n := map[verdict]int{}
	for _, s := range v.Options {
		n[s.Verdict]++
	}
	return n
}
