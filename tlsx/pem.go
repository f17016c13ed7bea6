package tlsx

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
)

var (
	errNoCertificate = errors.New("holds no certificate in PEM")
	errNoCRL         = errors.New("holds no revocation list in PEM")
	errBrokenBlock   = errors.New("holds a PEM block that is cut or malformed")
	errTrailing      = errors.New("has other data after its last PEM block")
)

var (
	pemBegin = []byte("-----BEGIN ")
	// byteOrderMark is what Windows' editors put in front of UTF-8.
	byteOrderMark = []byte("\ufeff")
)

// decodePEM returns the PEM blocks of text; none if there are none. Words before
// a block are allowed, as bundles have them (RFC 7468, section 5.2). [pem.Decode]
// passes over a malformed block; here it is an error, as it is what a file that
// is being written looks like.
func decodePEM(text []byte) ([]*pem.Block, error) {
	var list []*pem.Block
	rest := bytes.TrimPrefix(text, byteOrderMark)
	for {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		if bytes.Count(rest[:len(rest)-len(after)], pemBegin) != 1 {
			return nil, errBrokenBlock
		}
		list = append(list, block)
		rest = after
	}
	switch {
	case bytes.Contains(rest, pemBegin):
		return nil, errBrokenBlock
	case len(list) > 0 && len(bytes.TrimSpace(rest)) > 0:
		return nil, errTrailing
	}
	return list, nil
}

// pemBlocks returns what the PEM blocks of text hold, which must all be of the
// kind; the error none if there are none.
func pemBlocks(text []byte, kind string, none error) ([][]byte, error) {
	blocks, err := decodePEM(text)
	if err != nil {
		return nil, err
	}
	if len(blocks) == 0 {
		return nil, none
	}
	var list [][]byte
	for _, block := range blocks {
		if block.Type != kind {
			return nil, fmt.Errorf("holds a %q, want %q only", block.Type, kind)
		}
		list = append(list, block.Bytes)
	}
	return list, nil
}
