package tlsx

import "crypto/tls"

var clientAuths = []entry[tls.ClientAuthType]{
	{"NoClientCert", tls.NoClientCert},
	{"RequestClientCert", tls.RequestClientCert},
	{"RequireAnyClientCert", tls.RequireAnyClientCert},
	{"VerifyClientCertIfGiven", tls.VerifyClientCertIfGiven},
	{"RequireAndVerifyClientCert", tls.RequireAndVerifyClientCert},
}

// ParseClientAuth reads what a server asks of a client's certificate, by the
// names of crypto/tls in any case: "NoClientCert", "RequestClientCert",
// "RequireAnyClientCert", "VerifyClientCertIfGiven" or
// "RequireAndVerifyClientCert". The inverse is its String.
func ParseClientAuth(s string) (tls.ClientAuthType, error) {
	return parse("client authentication", s, clientAuths)
}

var presets = []entry[Preset]{
	{"default", Default},
	{"modern", Modern},
	{"intermediate", Intermediate},
}

// ParsePreset reads "default", "modern" or "intermediate", in any case. The
// inverse is [Preset.String].
func ParsePreset(s string) (Preset, error) { return parse("preset", s, presets) }

// String returns "default", "modern" or "intermediate".
func (p Preset) String() string { return nameOf(p, presets, "Preset(%d)", int(p)) }

var unknownNames = []entry[UnknownName]{
	{"default", PresentDefault},
	{"refuse", RefuseUnknown},
}

// ParseUnknownName reads "default" or "refuse", in any case. The inverse is
// [UnknownName.String].
func ParseUnknownName(s string) (UnknownName, error) { return parse("unknown name", s, unknownNames) }

// String returns "default" or "refuse".
func (u UnknownName) String() string { return nameOf(u, unknownNames, "UnknownName(%d)", int(u)) }
