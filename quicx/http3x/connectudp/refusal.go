package connectudp

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/strata-net/strata/quicx/http3x"
)

// refusal is why a request gets no session, in the words of RFC 9209.
type refusal struct {
	status int
	kind   string
	err    error
}

func (e *refusal) Error() string { return e.err.Error() }
func (e *refusal) Unwrap() error { return e.err }

// dialRefusal tells what kind a failed lookup or dial is (RFC 9209, section 2.3).
func dialRefusal(err error) *refusal {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	timeout := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case isDNS && (dns.IsTimeout || timeout):
		return &refusal{http.StatusGatewayTimeout, "dns_timeout", err}
	case isDNS:
		return &refusal{http.StatusBadGateway, "dns_error", err}
	case timeout:
		return &refusal{http.StatusGatewayTimeout, "connection_timeout", err}
	case errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM):
		return &refusal{http.StatusBadGateway, "destination_ip_prohibited", err}
	}
	return &refusal{http.StatusBadGateway, "destination_ip_unroutable", err}
}

// refuse answers a request that gets no session. The client hears of the kind
// only: the text may name what is behind the proxy.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	h.refused.Add(1)
	h.report(r, err)
	why, ok := errors.AsType[*refusal](err)
	if !ok {
		why = &refusal{status: http.StatusInternalServerError, kind: "proxy_internal_error"}
	}
	if why.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodConnect)
	}
	w.Header().Del(capsuleField)
	w.Header().Set("Proxy-Status", proxyStatus(h.cfg.Name, "error", why.kind))
	http.Error(w, http.StatusText(why.status), why.status)
}

func (h *Handler) report(r *http.Request, err error) {
	if h.cfg.OnError != nil {
		h.cfg.OnError(r, &http3x.Error{Op: "serve connect-udp", Address: r.RemoteAddr, Err: err})
	}
}

// proxyStatus returns the field with one parameter: a token for "error", a string
// for what else there is.
func proxyStatus(name, key, value string) string {
	if key != "error" {
		value = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
	}
	return name + "; " + key + "=" + value
}
