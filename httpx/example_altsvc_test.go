package httpx_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/strata-net/strata/httpx"
)

// In place of HTTP/3 there is another TLS server: an *http3.Transport whose Dial
// asks AltSvcAddress is used in the same way.
func ExampleNewAltSvc() {
	alternative := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "hello from the alternative")
	}))
	defer alternative.Close()
	origin := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Alt-Svc", `h3="`+alternative.Listener.Addr().String()+`"; ma=3600`)
		io.WriteString(w, "hello from the origin")
	}))
	defer origin.Close()

	next := origin.Client().Transport.(*http.Transport)
	http3 := next.Clone()
	http3.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if alternative, ok := httpx.AltSvcAddress(ctx); ok {
			address = alternative
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	altSvc, err := httpx.NewAltSvc(next, &httpx.AltSvcConfig{
		HTTP3:            http3,
		DialsAlternative: true,
		HeadStart:        time.Minute, // whatever the machine is busy with: what is printed is certain
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer altSvc.CloseIdleConnections()

	client := &http.Client{Transport: altSvc}
	for range 2 {
		resp, err := client.Get(origin.URL)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Println(string(body), err)
	}
	// Output:
	// hello from the origin <nil>
	// hello from the alternative <nil>
}
