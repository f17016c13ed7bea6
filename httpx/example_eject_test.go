package httpx_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/strata-net/strata/httpx"
)

func ExampleNewEjector() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer server.Close()

	ejector, err := httpx.NewEjector(server.Client().Transport, &httpx.EjectorConfig{
		Consecutive: 2,
		For:         time.Minute,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: ejector}
	for range 3 {
		resp, err := client.Get(server.URL)
		if errors.Is(err, httpx.ErrEjected) {
			fmt.Println("not sent")
			continue
		}
		if err != nil {
			fmt.Println(err)
			continue
		}
		resp.Body.Close()
		fmt.Println(resp.Status)
	}
	// Output:
	// 502 Bad Gateway
	// 502 Bad Gateway
	// not sent
}
