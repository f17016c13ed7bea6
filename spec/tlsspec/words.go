package tlsspec

import (
	"crypto/tls"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx"
)

// problems turns errors of tlsx into *spec.Errors.
func problems(err error) error {
	var p build.Problems
	p.Module(err, fields, blame)
	return p.Err()
}

// fields are paths of Go fields that are called something else here.
var fields = map[string]string{"KeyLog": "key_log_file"}

func blame(err error) (build.Blame, bool) {
	e, ok := build.Is[*tlsx.Error](err)
	if !ok {
		return build.Blame{}, false
	}
	return build.Blame{Field: e.Field, Value: shown(e.Field, e.Value), Err: errors.New(words.Replace(e.Err.Error()))}, true
}

// words are what tlsx says in the words of Go, as the schema says it. What is a
// word of English too is there only with its surroundings: texts hold names of
// certificates as well.
var words = strings.NewReplacer(
	"Chain, PKCS12 and Value", "chain and pkcs12",
	"PKCS12 and Value bring their key with them", "pkcs12 brings its key with it",
	"File, Env or Text", "file, env or text",
	"needs Certificates", "needs certificates",
	"needs NewSource: New follows nothing", "needs reload",
	"UnknownName refuses", "unknown_name refuses",
	"(System takes", "(system takes",
	": Insecure", ": insecure",
	"which Insecure", "which insecure",
	"want Pins", "want pins",
	"of Preset ", "of preset ",
	"Response or Fetch", "response or fetch",
	"in Chain, or in OCSP.Issuer", "in chain, or in ocsp.issuer",
	"(UnknownName makes", "(unknown_name makes",
	"(Tickets makes", "(tickets makes",
	"(ECH.Keys makes", "(ech.keys makes",
	"(Certificates[", "(certificates[",
	"Tickets.Off", "tickets.off",
	"Tickets.Keys[", "tickets.keys[",
	"ClientAuth", "client_auth",
	"MinVersion", "min_version",
	"MaxVersion", "max_version",
	"AllowWeak", "allow_weak",
	tls.RequestClientCert.String(), specv1.TLSConfig_request.String(),
	tls.RequireAnyClientCert.String(), specv1.TLSConfig_require.String(),
	tls.NoClientCert.String(), specv1.TLSConfig_none.String(),
)

// notText are fields whose values are no strings.
var notText = regexp.MustCompile(`^(CipherSuites|Curves|ClientAuth|Preset|UnknownName|Sessions)|\.(Default|Fetch|Signatures.*)$`)

// shown puts strings in quotes, as documents have them. Sources that are no files
// are already marked: $NAME and (text).
func shown(field, value string) string {
	switch {
	case field == "MinVersion" || field == "MaxVersion":
		return strconv.Quote(strings.TrimPrefix(value, "TLS "))
	case value == "" || value == "(text)" || value[0] == '$' || value[0] == '"' || notText.MatchString(field):
		return value
	}
	return strconv.Quote(value)
}
