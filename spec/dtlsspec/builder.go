package dtlsspec

import (
	"context"
	"errors"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/sockspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// A side is an end of a conn.
type side bool

const (
	client side = true
	server side = false
)

// builder is one message on its way to a config.
type builder struct {
	build.Problems

	side side
	//nolint:containedctx // lives for one call, and bounds what is started there
	ctx context.Context
}

// finish returns the config if nothing is wrong.
func finish[C any](b *builder, cfg *C) (*C, error) {
	if err := b.Err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

// socketed is a message with socket options.
type socketed interface {
	GetSocket() *specv1.SockOption
	GetOptions() map[string]*structpb.Value
	GetPrefer() map[string]*structpb.Value
}

func (b *builder) options(m socketed) sockopt.Options {
	list, err := sockspec.Options(m.GetSocket(), m.GetOptions(), m.GetPrefer())
	b.Nest("", err)
	return list
}

// names are the fields of the messages for what dtlsx calls otherwise.
var names = map[string]string{ //nolint:gosec // names of fields, none a credential
	"TLS": "dtls.tls", "TLS.MinVersion": "dtls.tls.min_version", "TLS.MaxVersion": "dtls.tls.max_version",
	"TLS.Certificates": "dtls.tls.certificates", "TLS.GetClientCertificate": "dtls.tls.certificates",
	"TLS.RootCAs": "dtls.tls.roots", "TLS.ClientAuth": "dtls.tls.client_auth", "TLS.NextProtos": "dtls.tls.alpn",
	"TLS.CipherSuites": "dtls.tls.cipher_suites", "TLS.CurvePreferences": "dtls.tls.curves",
	"TLS.GetConfigForClient": "dtls.tls.reload",
	"PSK":                    "dtls.psk", "PSK.Identity": "dtls.psk.identity", "PSK.Hint": "dtls.psk.hint", "PSK.Key": "dtls.psk.keys",
	"CipherSuites": "dtls.cipher_suites", "Curves": "dtls.curves", "SRTPProfiles": "dtls.srtp_profiles",
	"ConnectionID": "dtls.connection_id", "ExtendedMasterSecret": "dtls.extended_master_secret",
	"MTU": "dtls.mtu_bytes", "ReplayWindow": "dtls.replay_window", "KeyLog": "dtls.key_log_file",
	"RetransmitInterval": "dtls.retransmit_interval", "HandshakeTimeout": "dtls.handshake_timeout",
}

// accuse notes what dtlsx says of the config that was made of a message.
func (b *builder) accuse(err error, m socketed) {
	var rest []error
	for _, err := range errs(err) {
		e, ok := build.Is[*dtlsx.Error](err)
		if !ok || e.Field != "Options" {
			rest = append(rest, err)
			continue
		}
		for _, err := range errs(e.Err) {
			b.blameOption(e, err, m)
		}
	}
	b.Module(errors.Join(rest...), names, blame)
}

// blame takes an error of dtlsx apart.
func blame(err error) (build.Blame, bool) {
	e, ok := build.Is[*dtlsx.Error](err)
	if !ok {
		return build.Blame{}, false
	}
	return build.Blame{Field: e.Field, Value: e.Value, Err: e.Err}, true
}

// blameOption notes what is wrong with one option.
func (b *builder) blameOption(whole *dtlsx.Error, err error, m socketed) {
	o, ok := build.Is[*sockopt.Error](err)
	if !ok {
		b.Add("options", nil, whole)
		return
	}
	path := sockspec.Field(o.Option, m.GetSocket(), m.GetOptions(), m.GetPrefer())
	b.Because(path, o.Value, o.Err, err)
}

// errs takes joined errors apart.
func errs(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	return joined.Unwrap()
}
