package dialer

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/pires/go-proxyproto"
)

// ProxyHeader is what a PROXY protocol header tells the target.
type ProxyHeader struct {
	// Source and Destination are the ends of the conn on whose behalf the
	// dial is: both *net.TCPAddr, or with version 2 both *net.UDPAddr or both
	// *net.UnixAddr, of the same version of IP. Both nil means none: UNKNOWN
	// (version 1) or LOCAL (version 2).
	Source, Destination net.Addr
	// TLVs are more facts, in this order. Version 2 only.
	TLVs []TLV
}

// TLV is a fact in a PROXY protocol header. The types are those of the
// protocol's section 2.2; the value is sent as it is, also a checksum.
type TLV struct {
	Type  byte
	Value []byte // at most 65535 bytes, as all of the header
}

type proxyHeaderKey struct{}

// WithProxyHeader returns a context for dials that send h, if Config.ProxyProtocol
// tells them to send a header at all.
func WithProxyHeader(ctx context.Context, h ProxyHeader) context.Context {
	return context.WithValue(ctx, proxyHeaderKey{}, h)
}

func checkProxyProtocol(version int) error {
	if version < 0 || version > 2 {
		return errors.New("must be 0, 1 or 2")
	}
	return nil
}

// proxyProtocolFits says why a network cannot begin with a header.
func proxyProtocolFits(version int, network string) error {
	if protocol, _ := split(network); version == 0 || protocol == "tcp" || protocol == "unix" {
		return nil
	}
	return fmt.Errorf("network %s is not a stream of bytes: %w", network, errors.ErrUnsupported)
}

// proxyHeader returns the bytes to begin with, none if there is no header.
func (d *dialer) proxyHeader(ctx context.Context) ([]byte, *Error) {
	if d.proxyProtocol == 0 {
		return nil, nil
	}
	h, _ := ctx.Value(proxyHeaderKey{}).(ProxyHeader)
	b, err := h.format(d.proxyProtocol)
	if err != nil {
		return nil, &Error{Op: "dial", Field: "ProxyProtocol", Value: fmt.Sprint(d.proxyProtocol), Err: err}
	}
	return b, nil
}

func (h ProxyHeader) format(version int) ([]byte, error) {
	if version == 1 && len(h.TLVs) > 0 {
		return nil, errors.New("version 1 has no TLVs")
	}
	w := &proxyproto.Header{Version: byte(version), Command: proxyproto.LOCAL} //nolint:gosec // 1 or 2
	if h.Source != nil || h.Destination != nil {
		var err error
		w.Command = proxyproto.PROXY
		if w.SourceAddr, w.DestinationAddr, w.TransportProtocol, err = sides(h.Source, h.Destination); err != nil {
			return nil, err
		}
		if version == 1 && w.TransportProtocol != proxyproto.TCPv4 && w.TransportProtocol != proxyproto.TCPv6 {
			return nil, fmt.Errorf("version 1 knows TCP only, not addresses of network %s", h.Source.Network())
		}
	}
	tlvs := make([]proxyproto.TLV, 0, len(h.TLVs))
	for _, t := range h.TLVs {
		tlvs = append(tlvs, proxyproto.TLV{Type: proxyproto.PP2Type(t.Type), Value: t.Value})
	}
	if err := w.SetTLVs(tlvs); err != nil {
		return nil, err
	}
	return w.Format()
}
