package main

import (
	"crypto/sha256"
	"encoding/hex"
)

// read are files that somebody has read, since licensecheck does not know them: the digest
// of each, and the licences that it gives, besides those of other files. Another wording is
// not known again.
var read = map[[sha256.Size]byte][]string{
	// github.com/alecthomas/go-check-sumtype, COPYING: either of the two other files.
	digest("01c266bced4a434da0051174d6bee16a4c82cf634e2679b6155d40d75012390f"): nil,
	// github.com/ajstarks/svgo, LICENSE-link.txt: where the text of LICENSE comes from.
	digest("faef26bb83b741b22eed4593980048f1607bdc679232ca9635ccf505cf2abe77"): nil,
	// github.com/golang/freetype, LICENSE: either of the two, whose texts are elsewhere.
	digest("d3ba056adc2b7909e95681deaae397fb37c97ed491a920f491214f07b62c41d0"): {"(FTL OR GPL-2.0-or-later)"},
}

func digest(text string) [sha256.Size]byte {
	var d [sha256.Size]byte
	if n, err := hex.Decode(d[:], []byte(text)); err != nil || n != len(d) {
		panic("not a SHA-256 digest: " + text)
	}
	return d
}
