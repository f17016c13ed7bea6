package main

import (
	"context"
	"errors"
	"io/fs"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/document"
	"github.com/strata-net/strata/spec/httpspec"
	"github.com/strata-net/strata/spec/netspec"
	"github.com/strata-net/strata/spec/quicspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
)

// builders check a message as whoever uses it will.
var builders = map[string]func(proto.Message) error{
	"DialConfig": func(m proto.Message) error {
		_, err := netspec.DialConfig(context.Background(), m.(*specv1.DialConfig))
		return err
	},
	"ListenConfig": func(m proto.Message) error {
		_, err := netspec.ListenConfig(context.Background(), m.(*specv1.ListenConfig))
		return err
	},
	"TLSConfig": func(m proto.Message) error {
		_, err := tlsspec.TLSConfig(m.(*specv1.TLSConfig))
		return err
	},
	"QuicConfig": func(m proto.Message) error {
		_, err := quicspec.QUICConfig(m.(*specv1.QuicConfig))
		return err
	},
	"HTTPTransportConfig": func(m proto.Message) error {
		_, err := httpspec.TransportConfig(context.Background(), m.(*specv1.HTTPTransportConfig))
		return err
	},
	"HTTP2TransportConfig": func(m proto.Message) error {
		_, err := httpspec.HTTP2Config(context.Background(), m.(*specv1.HTTP2TransportConfig))
		return err
	},
	"HTTPRetryConfig": func(m proto.Message) error {
		_, err := httpspec.RetryConfig(context.Background(), m.(*specv1.HTTPRetryConfig))
		return err
	},
	"HTTPServerConfig": func(m proto.Message) error {
		_, _, err := httpspec.ServerConfig(context.Background(), m.(*specv1.HTTPServerConfig))
		return err
	},
	"HTTP3TransportConfig": func(m proto.Message) error {
		_, err := quicspec.HTTP3Config(context.Background(), m.(*specv1.HTTP3TransportConfig))
		return err
	},
	"HTTP3ServerConfig": func(m proto.Message) error {
		_, err := quicspec.HTTP3ServerConfig(context.Background(), m.(*specv1.HTTP3ServerConfig))
		return err
	},
}

// check reports what the builders would refuse.
func (r *report) check(documents []output) {
	for _, d := range documents {
		for _, e := range spec.Errors(d.check()) {
			path := d.message
			if e.Path != "" {
				path += "." + e.Path
			}
			// Files may be on another machine.
			missing := errors.Is(e, fs.ErrNotExist)
			why := e.Err.Error()
			if e.Value != "" {
				why = e.Value + ": " + why
			}
			r.add(d.line, path, why, !missing)
		}
	}
}

// check reads the document as a program will, and gives it to its builder.
func (d output) check() error {
	text, err := d.yaml()
	if err != nil {
		return err
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("strata.v1." + d.message))
	if err != nil {
		return err
	}
	_, err = document.Unmarshal(d.message+".yaml", text, kind.New().Interface(), &document.Options{Check: builders[d.message]})
	return err
}
