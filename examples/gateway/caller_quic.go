package main

import (
	"context"
	"crypto/tls"
	"fmt"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/tlsx"
)

// newHTTP3Caller calls an echo of request bodies over HTTP/3.
func newHTTP3Caller(ctx context.Context, t *trial, secure *tls.Config) (caller, error) {
	transport, err := http3x.NewTransport(&http3x.Config{
		Dial:               quicx.DialConfig{LocalAddr: t.localAddr(), TLS: secure, Timeout: t.patience()},
		DisableCompression: true,
	})
	if err != nil {
		return nil, err
	}
	return &http3Caller{httpCaller{ctx: ctx, url: fmt.Sprintf("https://%v/demo", t.address), transport: transport}, transport.Close}, nil
}

// http3Caller closes its conn when it ends.
type http3Caller struct {
	httpCaller

	end func() error
}

func (h *http3Caller) close() { _ = h.end() } // nothing is to be done about it

// quicCaller calls an echo of bytes on a stream.
type quicCaller struct {
	streamCaller

	streams *quicx.StreamDialer
	client  *quicx.Client
}

func newQUICCaller(ctx context.Context, t *trial, secure *tls.Config) (caller, error) {
	secure = secure.Clone()
	secure.NextProtos = t.listener.TLS.Config.ALPN
	client, err := quicx.NewDialer(&quicx.DialConfig{
		LocalAddr: t.localAddr(), TLS: secure, Timeout: t.patience(), Options: demoOptions("udp"),
	})
	if err != nil {
		return nil, err
	}
	streams, err := quicx.NewStreamDialer(client, nil)
	if err != nil {
		client.Close()
		return nil, err
	}
	q := &quicCaller{streams: streams, client: client}
	if q.conn, err = streams.DialContext(ctx, "udp", t.address.String()); err != nil {
		q.end()
		return nil, err
	}
	return q, nil
}

func (q *quicCaller) versions() (string, tlsx.Session) {
	return "", tlsx.Describe(q.conn.(interface{ Conn() *quic.Conn }).Conn().ConnectionState().TLS)
}

func (q *quicCaller) close() {
	q.streamCaller.close()
	q.end()
}

func (q *quicCaller) end() {
	q.streams.Close()
	q.client.Close()
}

// dtlsCaller calls an echo of datagrams.
type dtlsCaller struct{ datagramCaller }

func newDTLSCaller(ctx context.Context, t *trial, secure *tls.Config) (caller, error) {
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{
		Config:    dtlsx.Config{TLS: &tls.Config{RootCAs: secure.RootCAs}, Sessions: t.sessions},
		LocalAddr: t.from, Timeout: t.patience(), Options: demoOptions("udp"),
	})
	if err != nil {
		return nil, err
	}
	c, err := d.DialContext(ctx, "udp", t.address.String())
	if err != nil {
		return nil, err
	}
	return &dtlsCaller{datagramCaller{conn: c}}, nil
}

// largest is what one record carries.
func (d *dtlsCaller) largest() int { return dtlsx.MaxPayload }

func (d *dtlsCaller) versions() (string, tlsx.Session) {
	state := d.conn.(*dtlsx.Conn).ConnectionState()
	return "", tlsx.Session{
		Version:     "DTLS 1.2", // there is no other
		CipherSuite: dtlsx.CipherSuiteName(state.CipherSuite),
		Curve:       dtlsx.CurveName(state.Curve),
		Resumed:     state.Resumed,
	}
}
