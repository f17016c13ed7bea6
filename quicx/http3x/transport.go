package http3x

import (
	"context"
	"crypto/tls"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/strata-net/strata/quicx"
)

// NewTransport returns a transport for requests by HTTP/3, for https URLs only. A bad config is reported as a whole: the
// error joins an [*Error] or a [*quicx.Error] for every bad field.
//
// Its conns share one socket, or one of each IP version, which is open while there are conns: Close leaves nothing behind.
// A server is dialled as [quicx.Client] does, so a name with several addresses is tried at all of them.
//
// The conn to a server is shared by all requests to it. One that has ended is replaced, and a request that finds it ended,
// or that the server has refused because it shuts down, is sent again on the new one. Others are not, as the server may
// have processed them: see Retry of package httpx.
func NewTransport(cfg *Config) (*http3.Transport, error) {
	c := cfg.clone()
	if err := c.validate(); err != nil {
		return nil, err
	}
	client, err := quicx.NewDialer(&c.Dial)
	if err != nil {
		return nil, err
	}
	d := &dialer{client: client, config: c}
	return &http3.Transport{
		TLSClientConfig:        c.Dial.TLS,
		QUICConfig:             c.Dial.QUIC,
		Dial:                   d.dial,
		EnableDatagrams:        c.EnableDatagrams,
		AdditionalSettings:     c.AdditionalSettings,
		MaxResponseHeaderBytes: c.MaxResponseHeaderBytes,
		DisableCompression:     c.DisableCompression,
		Logger:                 c.Logger,
	}, nil
}

// dialer dials for a transport.
type dialer struct {
	client *quicx.Client
	config *Config
}

// dial is http3.Transport.Dial. The TLS config has the name of the URL; the client has the rest of it, and of the other.
func (d *dialer) dial(ctx context.Context, authority string, tc *tls.Config, _ *quic.Config) (*quic.Conn, error) {
	address := authority
	if d.config.Address != nil {
		if a := d.config.Address(ctx, authority); a != "" {
			address = a
		}
	}
	return d.client.DialServer(ctx, d.config.Network, address, tc.ServerName, d.config.Early)
}
