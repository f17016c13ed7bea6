package httpx

import (
	"fmt"
	"net/http"
	"net/url"
)

// Format prints the config as package fmt prints any struct, by every verb, but for
// the password of ProxyURL and the values of ProxyConnectHeader, which may be secrets.
func (c TransportConfig) Format(state fmt.State, verb rune) {
	if c.ProxyURL != nil {
		c.ProxyURL = &url.URL{Opaque: proxyName(c.ProxyURL)}
	}
	if c.ProxyConnectHeader != nil {
		header := make(http.Header, len(c.ProxyConnectHeader))
		for name := range c.ProxyConnectHeader {
			header[name] = []string{"xxxxx"}
		}
		c.ProxyConnectHeader = header
	}
	type plain TransportConfig // without this method
	fmt.Fprintf(state, fmt.FormatString(state, verb), plain(c))
}
