package http3x_test

import "crypto/tls"

type quicTLS = tls.Config

// getRequest is a HEADERS frame with GET https://a/ in the words of QPACK's static table (RFC 9204, appendix A).
var getRequest = []byte{
	0x01, 0x08, // HEADERS, of 8 bytes
	0x00, 0x00, // no dynamic table
	0xd1,             // :method GET
	0xd7,             // :scheme https
	0xc1,             // :path /
	0x50, 0x01, 0x61, // :authority a
}
