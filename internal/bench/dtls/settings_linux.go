package main

import (
	"crypto/tls"

	"github.com/pion/dtls/v3"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// proof is how a server, and with PSK a client, shows who it is.
type proof uint8

const (
	certificate proof = iota
	psk
	resumed // a session that a certificate began
)

// settings are those of both libraries.
type settings struct {
	proof          proof
	server, client *tls.Config
	suite          dtls.CipherSuiteID
	serverSessions *store // nil: none
	clientSessions *store
}

const (
	// mtu is that of dtlsx less the headers of a record and of a part of a handshake message, which pion does not count.
	mtu          = dtlsx.DefaultMTU - 25
	replayWindow = dtlsx.DefaultReplayWindow
	identity     = "bench"
)

func newSettings(p proof) (*settings, error) {
	s := &settings{proof: p, suite: dtls.TLS_PSK_WITH_AES_128_GCM_SHA256}
	if p == psk {
		return s, nil
	}
	s.suite = dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
	ca, err := pki.New(nil)
	if err != nil {
		return nil, err
	}
	leaf, err := ca.Issue(&pki.Leaf{Names: []string{"127.0.0.1"}})
	if err != nil {
		return nil, err
	}
	s.server = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{leaf.TLS()}}
	s.client = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: ca.Pool(), ServerName: "127.0.0.1"}
	if p == resumed {
		s.serverSessions, err = newStore()
		if err == nil {
			s.clientSessions, err = newStore()
		}
	}
	return s, err
}

func key([]byte) ([]byte, error) { return []byte("a key of 16 byte"), nil }

// options are those of both sides for the library.
func (s *settings) options() []dtls.Option {
	return []dtls.Option{
		dtls.WithCipherSuites(s.suite), dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithMTU(mtu), dtls.WithReplayProtectionWindow(replayWindow),
	}
}

func (s *settings) clientOptions() (list []dtls.ClientOption) {
	for _, o := range s.options() {
		list = append(list, o)
	}
	if s.proof == psk {
		return append(list, dtls.WithPSK(key), dtls.WithPSKIdentityHint([]byte(identity)))
	}
	list = append(list, dtls.WithRootCAs(s.client.RootCAs), dtls.WithServerName(s.client.ServerName))
	if s.clientSessions != nil {
		list = append(list, dtls.WithSessionStore(s.clientSessions))
	}
	return list
}

func (s *settings) serverOptions() (list []dtls.ServerOption) {
	for _, o := range s.options() {
		list = append(list, o)
	}
	if s.proof == psk {
		return append(list, dtls.WithPSK(key))
	}
	list = append(list, dtls.WithCertificates(s.server.Certificates...))
	if s.serverSessions != nil {
		list = append(list, dtls.WithSessionStore(s.serverSessions))
	}
	return list
}

// config is that of one side for dtlsx.
func (s *settings) config(side *tls.Config, sessions *store) dtlsx.Config {
	c := dtlsx.Config{TLS: side, CipherSuites: []uint16{uint16(s.suite)}}
	if s.proof == psk {
		c.PSK = &dtlsx.PSK{Key: key}
	}
	if sessions != nil {
		c.Sessions = sessions
	}
	return c
}
