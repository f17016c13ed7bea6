package lonet

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// maxName bounds the name of a network and of a host, as Go quotes it: three of
// them and two ports then fit into a line of the handshake.
const maxName = 256

// maxFile bounds an encoded name. It is half of what file systems take, since
// some layers (eCryptfs: 143) need a part themselves.
const maxFile = 120

// checkName returns an error if a name is too long for the handshake.
func checkName(name string) error {
	if n := len(strconv.Quote(name)); n > maxName {
		return fmt.Errorf("name too long: %d bytes when quoted, at most %d", n, maxName)
	}
	return nil
}

// fileName returns the name of the file or folder that stands for a name. Two
// names never have the same, also where file systems ignore case, and it is no
// path, no dot file and no device: all but lower-case letters, digits, "-" and
// "_" is percent-encoded, and prefix comes first.
func fileName(prefix, name string) string {
	var b strings.Builder
	for i := range len(name) {
		encodeByte(&b, name[i])
	}
	enc := b.String()
	if len(enc) > maxFile {
		enc = shorten(enc)
	}
	return prefix + enc
}

// encodeByte writes one byte of a name. Hex digits are in lower case.
func encodeByte(b *strings.Builder, c byte) {
	switch {
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		b.WriteByte(c)
	default:
		fmt.Fprintf(b, "%%%02x", c)
	}
}

// shorten keeps the beginning for people, and a hash for the difference. No
// other encoded name has a "~".
func shorten(enc string) string {
	sum := sha256.Sum256([]byte(enc))
	hash := "~" + hex.EncodeToString(sum[:])
	head := enc[:maxFile-len(hash)]
	if i := strings.LastIndexByte(head, '%'); i > len(head)-3 {
		head = head[:i] // half of an escape
	}
	return head + hash
}
