// Package doh asks DNS over HTTPS (RFC 8484) for package dnsintercept.
//
// # Using it
//
// [Resolver] is given to [dnsintercept.Config]. Its transport must find the name in the URL
// by itself: with a dialer of its own, or an address in the URL.
package doh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/dnsintercept"
)

// maxAnswer is the longest DNS message.
const maxAnswer = 65535

const mediaType = "application/dns-message"

// Resolver returns a resolver that posts queries to a URL, whatever server they are for.
// transport makes the requests, for instance an *http.Transport with a dialer of its own, so
// that the name of the URL is not looked up through the resolver itself; nil is an error.
func Resolver(transport http.RoundTripper, target string) (dnsintercept.Resolver, error) {
	var all []error
	if transport == nil {
		all = append(all, &tunx.Error{Op: "config", Field: "transport", Value: "nil", Err: errors.New("must not be nil")})
	}
	u, err := url.Parse(target)
	if err == nil && (u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		err = errors.New("must be an http or https URL with a host")
	}
	if err != nil {
		all = append(all, &tunx.Error{Op: "config", Field: "target", Value: target, Err: err})
	}
	if err := errors.Join(all...); err != nil {
		return nil, err
	}
	return func(ctx context.Context, query []byte, _ netip.AddrPort) ([]byte, error) {
		answer, err := post(ctx, transport, target, query)
		if err != nil {
			return nil, fmt.Errorf("ask %s: %w", target, err)
		}
		return answer, nil
	}, nil
}

func post(ctx context.Context, transport http.RoundTripper, target string, query []byte) ([]byte, error) {
	query = bytes.Clone(query)
	if len(query) >= 2 {
		query[0], query[1] = 0, 0 // section 4.1: for caches
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(query))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", mediaType)
	r.Header.Set("Accept", mediaType)
	response, err := transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != mediaType {
		return nil, fmt.Errorf("status %s, content type %q", response.Status, response.Header.Get("Content-Type"))
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err == nil && len(answer) > maxAnswer {
		err = errors.New("the answer is longer than 65535 bytes")
	}
	return answer, err
}
