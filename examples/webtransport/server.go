package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/webtransport-go"
)

// quicConfig has what WebTransport needs of QUIC: datagrams, and the reset of
// streams that are cut before their beginning is through.
func quicConfig() *quic.Config {
	return &quic.Config{EnableDatagrams: true, EnableStreamResetPartialDelivery: true}
}

// newServer returns a server of sessions at /echo. Nothing is served by it yet.
func newServer(config *tls.Config) *webtransport.Server {
	mux := http.NewServeMux()
	s := &webtransport.Server{H3: &http3.Server{
		Handler: mux, TLSConfig: http3.ConfigureTLSConfig(config), QUICConfig: quicConfig(),
	}}
	webtransport.ConfigureHTTP3Server(s.H3)
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		session, err := s.Upgrade(w, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		echo(session)
	})
	return s
}

// closed is the error of a server that was not closed.
func closed(err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, context.Canceled) { // webtransport-go says the latter
		return nil
	}
	return err
}

// echo sends back what comes on streams and in datagrams, until the session ends.
func echo(session *webtransport.Session) {
	ctx := session.Context()
	var both sync.WaitGroup
	both.Go(func() { echoDatagrams(ctx, session) })
	for {
		stream, err := session.AcceptStream(ctx)
		if err != nil {
			break
		}
		both.Go(func() {
			defer stream.Close()
			if _, err := io.Copy(stream, stream); err != nil {
				stream.CancelRead(0) // the session has ended, or the client has cut it
			}
		})
	}
	both.Wait()
}

func echoDatagrams(ctx context.Context, session *webtransport.Session) {
	for {
		b, err := session.ReceiveDatagram(ctx)
		if err != nil {
			return
		}
		_ = session.SendDatagram(b) // one that cannot be sent is lost, as any may be
	}
}
