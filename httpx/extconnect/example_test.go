package extconnect_test

import (
	"fmt"

	"github.com/strata-net/strata/httpx"
	_ "github.com/strata-net/strata/httpx/extconnect"
)

func Example() {
	fmt.Println("WebSockets over HTTP/2:", httpx.ExtendedConnectOffered())
	// Output: WebSockets over HTTP/2: true
}
