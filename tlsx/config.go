package tlsx

import (
	"crypto"
	"crypto/tls"
	"time"
)

// Config says what a TLS client or server presents, accepts and remembers. The
// zero value is a client that verifies servers with the system's CAs. New and
// NewSource copy it, and never change it.
type Config struct {
	// Certificates are what this side presents, in order of preference. A server
	// takes the one whose names match what the client asks for (exactly before
	// by wildcard) and that the client's signature schemes admit; without a
	// name or a match, what UnknownName says. Clients send no IP address as a
	// name: the address that they dialled stands for a name they did not send. A
	// client presents the first that the server's list of CAs and signature
	// schemes admits, and none if none is.
	//
	// A leaf that has expired or is not valid yet is an error when it is read,
	// and so are a key that does not belong to it, a chain out of order, and an
	// RSA key below 2,048 bits or a SHA-1 signature unless AllowWeak is set.
	Certificates []Certificate
	// UnknownName is what a server does with a name that none of its
	// certificates has.
	UnknownName UnknownName

	// Roots are the CAs that servers are verified with, by a client.
	// The zero value is the system's; with any in From it is only those,
	// unless System is set.
	Roots CAs
	// ClientCAs are the CAs that clients are verified with, by a server.
	// The zero value is none. Needed if ClientAuth verifies.
	ClientCAs CAs
	// ClientAuth is what a server asks of a client's certificate.
	ClientAuth tls.ClientAuthType
	// ServerName is what a client asks for (SNI) and what a server's certificate
	// must be valid for: a host name in ASCII or an IP address without a zone.
	// "": whoever dials sets it, as net/http and dialers do.
	ServerName string
	// Peer is what the peer's certificate must satisfy beside its chain and its
	// name. It holds on resumed conns too.
	Peer Peer
	// Insecure takes any certificate of a server: neither chain nor name are
	// verified. Without Peer.Pins the conn is open to whoever sits in between.
	// Roots, and of Peer all that needs a chain, are errors with it.
	Insecure bool

	// Preset is where versions, cipher suites and curves start from; the
	// fields below override it. The zero value is what Go offers.
	Preset Preset
	// MinVersion and MaxVersion bound the version, tls.VersionTLS12 for
	// instance; [ParseVersion] reads them. 0: the Preset's, else 1.2 and the
	// newest. Below 1.2 needs AllowWeak.
	MinVersion, MaxVersion uint16
	// CipherSuites are the suites of TLS 1.2 and older; [ParseCipherSuite] reads
	// them. Empty: the Preset's, else Go's. Go decides on their order, and on the
	// suites of TLS 1.3, which cannot be chosen: they are an error here, as is
	// any suite if the least version is 1.3. Weak ones need AllowWeak.
	CipherSuites []uint16
	// Curves are the key exchanges; [ParseCurve] reads them. Empty: the Preset's,
	// else Go's. Their order is Go's in any case: X25519MLKEM768,
	// SecP256r1MLKEM768, SecP384r1MLKEM1024, x25519, secp256r1, secp384r1,
	// secp521r1. The first three are for TLS 1.3 alone: with TLS 1.2 one of the
	// others has to be there.
	Curves []tls.CurveID
	// AllowWeak admits versions, suites and keys that are known to be weak.
	AllowWeak bool

	// ALPN are the application protocols, preferred one first, "h2" for
	// instance, of 1 to 255 bytes each. Empty: none; net/http adds its own.
	ALPN []string
	// Tickets is how a server lets clients resume sessions.
	Tickets Tickets
	// Sessions bounds how many sessions a client remembers to resume them, one
	// for each server name, up to 1048576. 0: 64; negative: none. Each config of
	// New has its own.
	Sessions int
	// KeyLog is a file to which the secrets of every conn are appended, in
	// NSS's format (SSLKEYLOGFILE). Who has it can read all traffic. It is made
	// with mode 0600; one that is there must be a regular file that others cannot
	// read. It is opened for each line and closed again, so that nothing needs
	// closing and it can be moved away; when that fails, so does the handshake.
	// "": none. The environment variable SSLKEYLOGFILE is never looked at.
	KeyLog string
	// ECH encrypts the client's hello (RFC 9849).
	ECH ECH

	// Reload is how a Source follows the files. New, which follows nothing,
	// refuses any but the zero value.
	Reload Reload

	// Time is the clock that certificates are verified by. nil: time.Now.
	Time func() time.Time
}

// Certificate is a chain with its private key.
type Certificate struct {
	// Chain is the leaf and what leads to a root, in PEM, the leaf first. It may
	// also hold the key.
	Chain Data
	// Key is the private key in PEM: PKCS#8, PKCS#1 or SEC 1. PKCS#8 can be
	// encrypted: PBES2 with AES in CBC mode over PBKDF2 (up to 10 million
	// iterations) or scrypt (up to 256 MiB), as OpenSSL writes it. The older
	// encryption "Proc-Type: 4,ENCRYPTED" is an error. Zero: it is in Chain.
	Key Data
	// PKCS12 is chain and key in one PFX file, in DER or base64, instead of Chain
	// and Key. It must have a MAC. The order of its certificates is of no
	// matter; what is not part of the chain is left out.
	PKCS12 Data
	// Password opens an encrypted Key or PKCS12; it is an error if neither is
	// encrypted. One line end at its end is not part of it. Zero: none.
	Password Data
	// Signer is the private key if it is not text (a hardware token's, an
	// agent's), instead of Key.
	Signer crypto.Signer
	// Value is a loaded certificate instead of all of the above. Its PrivateKey
	// must be a crypto.Signer. What is not set in it is found out: its Leaf is
	// parsed once.
	Value *tls.Certificate

	// Names is what a server presents the certificate for, host names, IP
	// addresses or "*.example.com", instead of the names in it. A wildcard stands
	// for one label. Case and a dot at the end do not count. Empty: its DNS names
	// and IP addresses; a common name is none. Of certificates with the same name
	// the first is taken that the client can verify.
	Names []string
	// Default makes this the one for clients that ask for no name or an unknown
	// one; of several the first that the client can verify. Without any it is
	// the first of Certificates, or one for the same name with another kind of
	// key. An error with RefuseUnknown.
	Default bool
	// Signatures are the schemes that the key may sign with; [ParseSignature]
	// reads them. The peer's preference decides. Each version needs one that
	// fits the key: TLS 1.3 knows neither rsa_pkcs1 nor an ECDSA scheme of
	// another curve. Empty: all that the key can.
	Signatures []tls.SignatureScheme
	// OCSP is what is stapled, so that clients need not ask the CA.
	OCSP OCSP
}

// OCSP is where a certificate's proof of validity (RFC 6960) comes from. One that
// promises a staple (Must-Staple, RFC 7633) needs it.
type OCSP struct {
	// Response is a response in DER that says that the certificate is good. It
	// is checked when it is read: an outdated one, and one of another certificate
	// or another signer, are errors. Zero: none.
	Response Data
	// Issuer is the certificate of the CA that issued this one, in PEM. Zero: the
	// second one of the chain.
	Issuer Data
	// Fetch asks the responders that the certificate names over HTTP, in a
	// Source: at the start, when half of the response's time has passed, and
	// after a failure again, 30 s to an hour later. What it has, or Response if
	// that is newer, is stapled until it is outdated or the responder says revoked.
	// Proxies are those of the environment. New refuses it.
	Fetch bool
}

// CAs is a set of CA certificates: exactly what it names.
type CAs struct {
	// From holds CA certificates in PEM, any number each.
	From []Data
	// System adds those of the system.
	System bool
}

// Peer is what a peer's certificate must satisfy, each field on its own; the
// zero value asks nothing. It holds on resumed conns too, and in all clones of
// the tls.Config that keep VerifyConnection. Names, Pins, RequireCRL and
// RequireStaple need the peer to present a certificate, also where ClientAuth
// does not; CRLs alone only refuse who presents a revoked one. Where several
// chains can be verified, one of them must satisfy Pins, CRLs and staples.
//
// A peer that is refused gets the alert bad_certificate: crypto/tls lets no
// callback choose another one.
type Peer struct {
	// Names are DNS names, IP addresses, e-mail addresses or URIs; one of them
	// must be among the certificate's subject alternative names.
	// "*.example.com" stands for one label, "spiffe://example.org/ns/*" for every
	// path below. A wildcard in the certificate counts for the names under it. A
	// SPIFFE ID counts only if it is the certificate's single URI. Without
	// verified chains (Insecure, RequestClientCert, RequireAnyClientCert) it
	// needs Pins.
	Names []string
	// Pins are SHA-256 hashes of public keys (SPKI) in base64, with or without
	// "sha256/" before them. One of the verified chain, or the leaf's if chains
	// are not verified, must be among them (RFC 7469).
	Pins []string
	// CRLs are revocation lists: any number in PEM, or one in DER. The leaf and
	// every intermediate whose issuer has a list there is looked up. A list must
	// be signed by the issuer, with SHA-256 or better, and say until when it
	// holds; delta and indirect lists are errors. That a list is outdated is an
	// error when it is read, and refuses the peer when it happens later. Needs
	// verified chains.
	CRLs []Data
	// RequireCRL refuses a peer if the issuer of a certificate in its chain has
	// no list in CRLs that covers the certificate. Needs verified chains.
	RequireCRL bool
	// RequireStaple refuses a peer that staples no valid OCSP response; clients
	// can do so with TLS 1.3 only. Without it a response must be there if the
	// certificate promises one (RFC 7633). One that says revoked is always
	// refused. On a resumed conn the response is the one from when the session
	// began: when it is outdated the conn fails, and the next one is a full one.
	// Needs verified chains.
	RequireStaple bool
}

// UnknownName is a policy for names that no certificate has.
type UnknownName int

// What a server does with a name that none of its certificates has. A refused
// handshake fails at the server with crypto/tls's "no certificates configured":
// no other error makes it send that alert.
const (
	PresentDefault UnknownName = iota // present the default one
	RefuseUnknown                     // refuse it, and clients without one: alert unrecognized_name
)

// Preset is a set of versions, cipher suites and curves.
type Preset int

// The presets. Modern and Intermediate follow version 6.0 of Mozilla's
// guidelines for servers (ssl-config.mozilla.org), with the curves
// X25519MLKEM768, x25519, secp256r1 and secp384r1. In FIPS 140-3 mode they
// leave out what it forbids. A Modern config with MinVersion 1.2 has
// Intermediate's suites.
const (
	Default      Preset = iota // what Go offers: TLS 1.2 and 1.3
	Modern                     // TLS 1.3 only
	Intermediate               // TLS 1.2 with forward secrecy and AEAD, and 1.3
)

// Tickets is how a server lets clients resume their sessions. The zero value is
// Go's own keys, made in memory and rotated daily.
type Tickets struct {
	// Off lets nobody resume. A client with the same config does not either.
	Off bool
	// Keys are the keys that several processes share: in each text any number
	// of keys, one a line, 32 bytes each in base64 or hex; or one raw key of 32
	// bytes. The first one encrypts, all of them decrypt: to rotate, put a new
	// one in front, in all processes within Reload.Interval, and drop the last.
	// Base64 may be of either alphabet, padded or not; empty lines and lines that
	// start with "#" are skipped. At most 64 keys, none of them twice. A file must
	// not be readable by others (mode 0640 or 0600, where modes say anything).
	// Who has a key can read what was resumed with it: change them daily.
	Keys []Data
}

// ECH is the encrypted client hello. With either field the least version is TLS
// 1.3, as crypto/tls requires; a lower one in MinVersion is an error.
type ECH struct {
	// Configs is the ECHConfigList that a client encrypts its hello with: raw,
	// in base64 (as in the HTTPS record of the DNS), or in PEM ("ECHCONFIG"). One
	// of its configs must be one that Go can use. A server's refusal is a
	// *tls.ECHRejectionError with its current list, raw. Then the certificate of
	// the config's public name is verified with Roots; Peer is not looked at.
	Configs Data
	// Keys are what a server decrypts with, the newest first: PEM files with a
	// "PRIVATE KEY" (X25519, P-256, P-384 or P-521) and its "ECHCONFIG" (RFC
	// 9934), as [NewECHKey] and "openssl ech" write them. All are tried; the
	// configs of the first are what clients with an outdated list are told. A
	// file must not be readable by others.
	Keys []Data
}

// Reload is how a Source follows what a Config names.
type Reload struct {
	// Interval is how often all files and variables are looked at, beside being
	// watched: what catches changes that a watch does not see, on network file
	// systems for instance. 0: a minute. Negative: never. At least 10 ms.
	Interval time.Duration
	// OnReload, if not nil, is called after every change that was taken or
	// refused, and when watching or fetching OCSP responses begins to fail; one
	// call at a time, at most one for every 50 ms in which files change. While it
	// runs nothing is followed, but handshakes go on. It must return, and not
	// call Reload or Close of the Source, which wait for it. A panic in it is not
	// recovered.
	OnReload func(Event)
}
