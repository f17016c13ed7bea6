package tlsx

import (
	"bytes"
	"context"
	"crypto"
	"crypto/fips140"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"
)

const (
	// ocspTimeout bounds one question with its answer.
	ocspTimeout = 10 * time.Second
	// maxOCSPGet is the length up to which a URL can be cached by everybody (RFC
	// 5019, section 5), in bytes.
	maxOCSPGet = 255
)

// newOCSPClient makes a client that keeps no conn open between questions, which
// are hours apart.
func newOCSPClient() *http.Client {
	return &http.Client{
		Timeout: ocspTimeout,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: 16 << 10,
		},
	}
}

// responders returns the URLs of cert that can be asked.
func responders(cert *x509.Certificate) []string {
	var list []string
	for _, server := range cert.OCSPServer {
		u, err := url.Parse(server)
		if err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
			list = append(list, server)
		}
	}
	return list
}

// askOCSP asks each responder until one has an answer that holds.
func askOCSP(ctx context.Context, client *http.Client, leaf, issuer *x509.Certificate, now func() time.Time) (*ocsp.Response, error) {
	question, err := ocspQuestion(leaf, issuer)
	if err != nil {
		return nil, err
	}
	var all []error
	for _, server := range responders(leaf) {
		for _, request := range ocspRequests(ctx, server, question) {
			r, err := exchangeOCSP(client, request, leaf, issuer, now)
			if _, revoked := errors.AsType[*RevokedError](err); err == nil || revoked {
				return r, err
			}
			all = append(all, fmt.Errorf("%s %s: %w", request.Method, server, err))
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
	}
	return nil, errors.Join(all...)
}

// ocspQuestion names the certificate by SHA-1, as every responder knows it; in
// FIPS 140-3 mode, which is strict about it, by SHA-256.
func ocspQuestion(leaf, issuer *x509.Certificate) ([]byte, error) {
	hash := crypto.SHA1
	if fips140.Enforced() {
		hash = crypto.SHA256
	}
	return ocsp.CreateRequest(leaf, issuer, &ocsp.RequestOptions{Hash: hash})
}

// ocspRequests are the two ways to ask (RFC 6960, appendix A): GET, which caches
// answer, and POST for whoever has no caches, or outdated ones.
func ocspRequests(ctx context.Context, server string, question []byte) []*http.Request {
	var list []*http.Request
	address := strings.TrimSuffix(server, "/") + "/" + url.QueryEscape(base64.StdEncoding.EncodeToString(question))
	if get, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil); err == nil && len(address) <= maxOCSPGet {
		list = append(list, get)
	}
	if post, err := http.NewRequestWithContext(ctx, http.MethodPost, server, bytes.NewReader(question)); err == nil {
		post.Header.Set("Content-Type", "application/ocsp-request")
		list = append(list, post)
	}
	for _, r := range list {
		r.Header.Set("Accept", "application/ocsp-response")
	}
	return list
}

func exchangeOCSP(client *http.Client, request *http.Request, leaf, issuer *x509.Certificate, now func() time.Time) (*ocsp.Response, error) {
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the responder answered %s", answer.Status)
	}
	if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind != "application/ocsp-response" {
		return nil, fmt.Errorf("the responder answered with content of type %q", kind)
	}
	der, err := io.ReadAll(io.LimitReader(answer.Body, maxOCSP+1))
	if err != nil {
		return nil, err
	}
	return checkOCSP(der, leaf, issuer, now())
}
