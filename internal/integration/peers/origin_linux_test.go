package peers_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// origin is the server behind the gateway:
//
//	/            a page that shows in its title by which protocol it was loaded
//	/many/N      a page that loads N scripts and counts by which protocols
//	/sum         the SHA-256 of what was uploaded
//	/bytes/N     N zeros (the digit)
//	/trickle/N   N bytes, one every 10 ms
//
// Everything else is 404.
func origin(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", page)
	mux.HandleFunc("GET /many/{n}", many)
	mux.HandleFunc("GET /script.js", script)
	mux.HandleFunc("POST /{$}", sum)
	mux.HandleFunc("/sum", sum)
	mux.HandleFunc("GET /bytes/{n}", payload)
	mux.HandleFunc("GET /trickle/{n}", trickle)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, `<!doctype html><html><body>
<p id="scheme">%s</p><p id="protocol"></p>
<script>document.getElementById("protocol").textContent =
"protocol=" + performance.getEntriesByType("navigation")[0].nextHopProtocol</script>
</body></html>`, r.Header.Get("X-Forwarded-Proto"))
}

func many(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.PathValue("n"))
	w.Header().Set("Content-Type", "text/html")
	io.WriteString(w, `<!doctype html><html><body><p id="protocols"></p><script>var loaded = 0</script>`)
	for i := range n {
		fmt.Fprintf(w, "<script src=\"/script.js?%d\"></script>\n", i)
	}
	io.WriteString(w, `<script>
const count = {}
for (const e of performance.getEntriesByType("navigation").concat(performance.getEntriesByType("resource")))
  count[e.nextHopProtocol] = (count[e.nextHopProtocol] || 0) + 1
document.getElementById("protocols").textContent = "loaded=" + loaded + " protocols=" + JSON.stringify(count)
</script></body></html>`)
}

func script(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript")
	io.WriteString(w, "loaded++")
}

func sum(w http.ResponseWriter, r *http.Request) {
	h := sha256.New()
	if _, err := io.Copy(h, r.Body); err != nil {
		panic(http.ErrAbortHandler)
	}
	io.WriteString(w, hex.EncodeToString(h.Sum(nil)))
}

func payload(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.PathValue("n"))
	w.Header().Set("Content-Length", strconv.Itoa(n))
	io.CopyN(w, zeros{}, int64(n))
}

func trickle(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.PathValue("n"))
	for range n {
		select {
		case <-r.Context().Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
		io.WriteString(w, "x")
		http.NewResponseController(w).Flush()
	}
}

// zeros is an endless file of the digit 0.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// front is the usual configuration: one listener with TLS, one without, before
// one origin.
func front(o *httptest.Server) string {
	return fmt.Sprintf(`
drain: 5s
upstreams:
  - {name: origin, address: "tcp://%s"}
listeners:
  - name: tls
    address: tcp://127.0.0.1:0
    protocol: http
    self_signed: [localhost, 127.0.0.1]
    routes: [{upstream: origin}]
  - name: clear
    address: tcp://127.0.0.1:0
    protocol: http
    http_versions: [http1, h2c]
    routes: [{upstream: origin}]
`, strings.TrimPrefix(o.URL, "http://"))
}
