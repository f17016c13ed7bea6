package dnstruncate

import (
	"fmt"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/internal/dnswire"
)

// Answer returns the answer to a DNS query, both as they are in a datagram: with the TC
// bit, the same ID, opcode and questions, and no records. It is well-formed whatever the
// query holds, and never longer than the query, than 512 bytes, or than the size that the
// query's EDNS gives. Questions that do not fit are left out. A query that is not
// well-formed is answered with the code FORMERR as well, and one with an EDNS version other
// than 0 with BADVERS.
//
// What is shorter than a DNS header, or is a response, is an error: to answer it would
// begin a loop.
func Answer(query []byte) ([]byte, error) { return AppendAnswer(nil, query) }

// AppendAnswer is Answer that appends to dst, which may not overlap query.
func AppendAnswer(dst, query []byte) ([]byte, error) {
	q, err := dnswire.Parse(query)
	if err != nil {
		return dst, &tunx.Error{Op: "dns", Field: "query", Value: fmt.Sprintf("%d bytes", len(query)), Err: err}
	}
	return q.Append(dst, dnswire.Success, true), nil
}
