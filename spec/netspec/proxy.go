package netspec

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// proxies maps the chain of a dialer.
func proxies(ctx context.Context, p *build.Problems, messages []*specv1.DialConfig_Proxy) []dialer.Proxy {
	var list []dialer.Proxy
	for i, m := range messages {
		var own build.Problems
		list = append(list, proxy(ctx, &own, m))
		p.Nest(fmt.Sprintf("proxies[%d]", i), own.Err())
	}
	return list
}

func proxy(ctx context.Context, p *build.Problems, m *specv1.DialConfig_Proxy) dialer.Proxy {
	x := proxyURL(p, m)
	x.TLS = clientTLS(ctx, p, "tls", m.GetTls())
	x.Header = header(p, m.GetHeader())
	x.Timeout = p.Duration("timeout", m.GetTimeout())
	x.MaxHeader = build.Int[int](p, "max_header_bytes", m.MaxHeaderBytes)
	return x
}

// proxyURL shows what is certain not to be a part of a password.
func proxyURL(p *build.Problems, m *specv1.DialConfig_Proxy) dialer.Proxy {
	if m.GetUrl() == "" {
		p.Addf("url", nil, "required")
		return dialer.Proxy{}
	}
	x, err := dialer.ParseProxy(m.GetUrl())
	if e, ok := build.Is[*dialer.Error](err); ok {
		p.Because("url", shown(e.Value), e.Err, err)
	}
	return x
}

// shown is nil for no text.
func shown(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// header finds names that differ in case alone. It shows no value: it may be a
// secret.
func header(p *build.Problems, fields map[string]string) http.Header {
	if len(fields) == 0 {
		return nil
	}
	h := http.Header{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if key := http.CanonicalHeaderKey(name); h[key] != nil {
			p.Addf("header."+name, nil, "is there twice")
		}
		h.Set(name, fields[name])
	}
	return h
}
