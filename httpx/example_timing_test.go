package httpx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/strata-net/strata/httpx"
)

func ExampleNewTimed() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()

	timed, err := httpx.NewTimed(server.Client().Transport, func(req *http.Request, t httpx.Timings) {
		fmt.Println(req.Method, t.Status, t.Proto, "reused:", t.Reused, "connected:", t.Connect > 0, "in time:", t.FirstByte <= t.Total)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: timed}
	for range 2 {
		resp, err := client.Head(server.URL)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
	}
	// Output:
	// HEAD 404 HTTP/1.1 reused: false connected: true in time: true
	// HEAD 404 HTTP/1.1 reused: true connected: false in time: true
}

func ExampleWithTimings() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()

	ctx, recorder := httpx.WithTimings(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(recorder.Timings().RemoteAddr.String() == server.Listener.Addr().String())
	// Output: true
}
