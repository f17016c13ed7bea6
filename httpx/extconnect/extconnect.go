// Package extconnect lets the servers of net/http offer extended CONNECT
// (RFC 8441), which WebSockets over HTTP/2 need. Import it for its side effect:
//
//	import _ "github.com/strata-net/strata/httpx/extconnect"
//
// # What it does
//
// net/http has this off, and reads GODEBUG=http2xconnect=1 from the environment
// when it is initialised; //go:debug lines do not know that setting. The import
// sets it before, and takes it back after, so that neither the program nor the
// processes that it starts see a change of the environment. A GODEBUG that has
// http2xconnect=0 or http2xconnect=1 already is left as it is.
//
// # What changes
//
// All servers of HTTP/2 of the process then tell their clients that they know
// extended CONNECT, and their handlers get such requests: the method is CONNECT
// and the header has the key ":protocol". A handler that does not expect that
// should refuse CONNECT, as most do; the ReverseProxy of package httpx passes
// WebSockets on when its config says so.
// httpx.ExtendedConnectOffered tells whether it has worked.
package extconnect

import (
	_ "net/http" // is initialised when this package is

	"github.com/strata-net/strata/httpx/extconnect/internal/setting"
)

func init() { setting.Restore() } //nolint:gochecknoinits // the moment is what this package is for
