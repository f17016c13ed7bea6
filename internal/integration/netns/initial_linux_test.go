package netns_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"sync"
)

// spoofID is the source connection ID of all spoofed clients.
var spoofID = []byte("spoofed!")

// clientHello is what the spoofed clients say, with transport parameters that
// are right.
var clientHello = sync.OnceValues(func() ([]byte, error) {
	config := streamTLS(nil)
	config.MinVersion = tls.VersionTLS13
	config.CurvePreferences = []tls.CurveID{tls.X25519} // else it takes two packets
	c := tls.QUICClient(&tls.QUICConfig{TLSConfig: config})
	defer c.Close()
	c.SetTransportParameters(append([]byte{0x0f, byte(len(spoofID))}, spoofID...)) // initial_source_connection_id
	if err := c.Start(context.Background()); err != nil {
		return nil, err
	}
	for {
		switch e := c.NextEvent(); e.Kind {
		case tls.QUICWriteData:
			return append([]byte(nil), e.Data...), nil
		case tls.QUICNoEvent:
			return nil, tls.AlertError(80) //nolint:mnd // internal error
		}
	}
})

// initial makes the first packet of a client (RFC 9001, sections 5 and A.2).
func initial() ([]byte, error) {
	hello, err := clientHello()
	if err != nil {
		return nil, err
	}
	id := make([]byte, 8)
	rand.Read(id)
	header := []byte{0xc3, 0, 0, 0, 1, byte(len(id))} // long, Initial, 4 bytes of number; version 1
	header = append(header, id...)
	header = append(header, byte(len(spoofID)))
	header = append(header, spoofID...)
	header = append(header, 0) // no token
	const size, overhead = 1200, 16
	length := size - len(header) - 2
	header = binary.BigEndian.AppendUint16(header, 0x4000|uint16(length))
	header = append(header, 0, 0, 0, 0) // packet number
	payload := make([]byte, size-len(header)-overhead)
	copy(payload, binary.BigEndian.AppendUint16([]byte{6, 0}, 0x4000|uint16(len(hello)))) // CRYPTO at 0
	if copy(payload[4:], hello) < len(hello) {
		return nil, io.ErrShortBuffer
	}

	seal, iv, mask, err := initialKeys(id)
	if err != nil {
		return nil, err
	}
	packet := seal.Seal(header, iv, payload, header)
	number := len(header) - 4
	var m [16]byte
	mask.Encrypt(m[:], packet[number+4:number+20])
	packet[0] ^= m[0] & 0x0f
	for i := range 4 {
		packet[number+i] ^= m[1+i]
	}
	return packet, nil
}

// initialKeys derives what a client protects its first packets with.
func initialKeys(id []byte) (seal cipher.AEAD, iv []byte, mask cipher.Block, err error) {
	salt, _ := hex.DecodeString("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
	secret, err := hkdf.Extract(sha256.New, id, salt)
	if err != nil {
		return nil, nil, nil, err
	}
	secret, e1 := expand(secret, "client in", 32)
	key, e2 := expand(secret, "quic key", 16)
	iv, e3 := expand(secret, "quic iv", 12)
	hp, e4 := expand(secret, "quic hp", 16)
	if err := errors.Join(e1, e2, e3, e4); err != nil {
		return nil, nil, nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, nil, err
	}
	if seal, err = cipher.NewGCM(block); err != nil {
		return nil, nil, nil, err
	}
	mask, err = aes.NewCipher(hp)
	return seal, iv, mask, err
}

// expand is HKDF-Expand-Label (RFC 8446, section 7.1).
func expand(secret []byte, label string, length int) ([]byte, error) {
	label = "tls13 " + label
	info := append([]byte{0, byte(length), byte(len(label))}, label...)
	return hkdf.Expand(sha256.New, secret, string(append(info, 0)), length)
}
