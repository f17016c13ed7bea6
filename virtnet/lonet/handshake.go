package lonet

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/internal/hostport"
)

// maxLine bounds a line of the handshake, its newline included.
const maxLine = 1024

// The handshake, on a fresh TCP conn:
//
//	> lonet "lonetNAME" dial "α:1" "β:5"
//	< lonet "lonetNAME" connected "β:77"
//
// or instead of the answer above
//
//	< lonet "lonetNAME" E "connection refused"
//
// Each line begins with its arrow. Strings are quoted as in Go.
const (
	requestArrow = "> lonet "
	replyArrow   = "< lonet "
	dialWord     = " dial "
	okWord       = " connected "
	errorWord    = " E "
)

var (
	errLine    = errors.New("not a line of the handshake")
	errLong    = fmt.Errorf("line of more than %d bytes", maxLine)
	errNetwork = errors.New("no such network")
)

// readLine reads a line with its newline into buf, and returns what came behind
// it as well.
func readLine(r io.Reader, buf *[maxLine]byte) (line, rest []byte, err error) {
	for n := 0; n < len(buf); {
		more, err := r.Read(buf[n:])
		for i, c := range buf[n : n+more] {
			if c == '\n' {
				return buf[:n+i+1], buf[n+i+1 : n+more], nil
			}
		}
		n += more
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, nil, err
		}
	}
	return nil, nil, errLong
}

// request is what the dialling side says.
type request struct {
	network  string // full name
	src, dst string // addresses
}

// line returns the line of a request.
func (r request) line() []byte {
	b := strconv.AppendQuote([]byte(requestArrow), r.network)
	b = strconv.AppendQuote(append(b, dialWord...), r.src)
	b = strconv.AppendQuote(append(b, ' '), r.dst)
	return append(b, '\n')
}

// parseRequest reads the line of a request.
func parseRequest(line string) (request, error) {
	var r request
	rest := line
	for _, f := range []struct {
		before string
		to     *string
	}{{requestArrow, &r.network}, {dialWord, &r.src}, {" ", &r.dst}} {
		var ok bool
		if rest, ok = strings.CutPrefix(rest, f.before); !ok {
			return request{}, errLine
		}
		if *f.to, rest, ok = cutQuoted(rest); !ok {
			return request{}, errLine
		}
	}
	if rest != "\n" {
		return request{}, errLine
	}
	return r, nil
}

// addrs returns the addresses of a request.
func (r request) addrs() (src, dst *virtnet.Addr, err error) {
	src, srcErr := parseAddr(r.network, r.src)
	dst, dstErr := parseAddr(r.network, r.dst)
	return src, dst, both(srcErr, dstErr)
}

// parseAddr reads an address with any port that a host can have.
func parseAddr(network, addr string) (*virtnet.Addr, error) {
	host, port, err := hostport.Parse(addr, hostport.Max)
	return &virtnet.Addr{Net: network, Host: host, Port: port}, err
}

// reply is what the accepting side says: an address, or an error's text.
type reply struct {
	network string // full name
	failed  bool
	text    string
}

// refusal returns the reply for an error. It is cut to what a line can have.
func refusal(network string, err error) reply {
	text := err.Error()
	for len(strconv.Quote(text)) > maxName {
		text = text[:len(text)/2]
	}
	return reply{network: network, failed: true, text: text}
}

// line returns the line of a reply.
func (r reply) line() []byte {
	b := strconv.AppendQuote([]byte(replyArrow), r.network)
	word := okWord
	if r.failed {
		word = errorWord
	}
	b = strconv.AppendQuote(append(b, word...), r.text)
	return append(b, '\n')
}

// parseReply reads the line of a reply.
func parseReply(line string) (reply, error) {
	var r reply
	rest, ok := strings.CutPrefix(line, replyArrow)
	if !ok {
		return reply{}, errLine
	}
	if r.network, rest, ok = cutQuoted(rest); !ok {
		return reply{}, errLine
	}
	after, ok := strings.CutPrefix(rest, okWord)
	if !ok {
		if after, ok = strings.CutPrefix(rest, errorWord); !ok {
			return reply{}, errLine
		}
		r.failed = true
	}
	if r.text, rest, ok = cutQuoted(after); !ok || rest != "\n" {
		return reply{}, errLine
	}
	return r, nil
}

// sentinels are the errors that cross the wire as themselves.
var sentinels = []error{
	virtnet.ErrConnRefused, virtnet.ErrSockDown, virtnet.ErrHostDown, virtnet.ErrNetDown, virtnet.ErrNoHost,
	virtnet.ErrAddrAlreadyUsed, virtnet.ErrAddrNoListen, virtnet.ErrHostDup, virtnet.ErrRegistryDown, errNetwork,
}

// err returns the error of a reply: the sentinel whose text it is, if it is one's.
func (r reply) err() error {
	for _, err := range sentinels {
		if r.text == err.Error() {
			return err
		}
	}
	return errors.New(r.text)
}

// accepted returns where the other side has accepted a dial to dst.
func (r reply) accepted(dst *virtnet.Addr) (*virtnet.Addr, error) {
	switch {
	case r.network != dst.Net:
		return nil, fmt.Errorf("handshake: %w: reply of network %q", errLine, r.network)
	case r.failed:
		return nil, r.err()
	}
	addr, err := parseAddr(r.network, r.text)
	if err == nil && addr.Host != dst.Host {
		err = &net.AddrError{Err: "another host's address", Addr: r.text}
	}
	if err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return addr, nil
}
