package dtlsx

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pion/dtls/v3"
)

// profiles are those that the library has, by the names of IANA.
var profiles = []struct {
	id       dtls.SRTPProtectionProfile
	name     string
	insecure bool
}{
	{dtls.SRTP_AEAD_AES_128_GCM, "SRTP_AEAD_AES_128_GCM", false},
	{dtls.SRTP_AEAD_AES_256_GCM, "SRTP_AEAD_AES_256_GCM", false},
	{dtls.SRTP_AES128_CM_HMAC_SHA1_80, "SRTP_AES128_CM_HMAC_SHA1_80", false},
	{dtls.SRTP_AES128_CM_HMAC_SHA1_32, "SRTP_AES128_CM_HMAC_SHA1_32", false},
	{dtls.SRTP_AES256_CM_SHA1_80, "SRTP_AES256_CM_SHA1_80", false},
	{dtls.SRTP_AES256_CM_SHA1_32, "SRTP_AES256_CM_SHA1_32", false},
	{dtls.SRTP_NULL_HMAC_SHA1_80, "SRTP_NULL_HMAC_SHA1_80", true},
	{dtls.SRTP_NULL_HMAC_SHA1_32, "SRTP_NULL_HMAC_SHA1_32", true},
}

// SRTPProfileName returns the name of IANA, "0x0123" for one that is not known.
func SRTPProfileName(id dtls.SRTPProtectionProfile) string {
	for _, p := range profiles {
		if p.id == id {
			return p.name
		}
	}
	return fmt.Sprintf("0x%04x", uint16(id))
}

// ParseSRTPProfile reads the name of IANA, as in "SRTP_AEAD_AES_128_GCM"; case
// does not matter.
func ParseSRTPProfile(name string) (dtls.SRTPProtectionProfile, error) {
	for _, p := range profiles {
		if strings.EqualFold(p.name, name) {
			return p.id, nil
		}
	}
	return 0, &Error{Op: "parse", Field: "SRTP profile", Value: name, Err: unknownProfile()}
}

func unknownProfile() error {
	known := make([]string, len(profiles))
	for i, p := range profiles {
		known[i] = p.name
	}
	return unknown(known)
}

func (c *Config) checkProfile(id dtls.SRTPProtectionProfile) error {
	for _, p := range profiles {
		switch {
		case p.id != id:
		case p.insecure && !c.AllowInsecure:
			return errors.New("encrypts nothing and AllowInsecure is not set")
		default:
			return nil
		}
	}
	return unknownProfile()
}
