package httpx_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/strata-net/strata/httpx"
)

func ExampleNewRetry() {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "hello")
	}))
	defer server.Close()

	retry, err := httpx.NewRetry(server.Client().Transport, &httpx.RetryConfig{
		Backoff: 10 * time.Millisecond,
		Budget:  httpx.Budget{Ratio: 0.1},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: retry}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, "after", retry.Stats().Retries, "retries")
	// Output: 200 OK after 2 retries
}
