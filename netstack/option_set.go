package netstack

import (
	"fmt"
	"reflect"
	"slices"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// option is how an Option type is read and written.
type option struct {
	of  []TransportProtocolNumber // those that have it; nil is all
	v6  bool                      // only over IPv6
	get func(ep tcpip.Endpoint, to any) error
	set func(ep tcpip.Endpoint, value any) error // nil if it can only be read
}

func (o *option) fits(e *endpoint) bool {
	return (o.of == nil || slices.Contains(o.of, e.transport)) && (!o.v6 || e.network == IPv6)
}

// SetSockOpt implements Endpoint.
func (e *endpoint) SetSockOpt(opt SettableOption) error {
	v := reflect.ValueOf(opt)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if !v.IsValid() {
		return &Error{Op: "set", Field: "option", Value: "nil", Err: ErrInvalidOptionValue}
	}
	if e.closed.Load() {
		return optionError("set", v.Interface(), errClosedEndpoint)
	}
	o := options[v.Type()]
	if !o.fits(e) {
		return optionError("set", v.Interface(), ErrUnknownOption)
	}
	return optionError("set", v.Interface(), o.set(e.engine(), v.Interface()))
}

// GetSockOpt implements Endpoint.
func (e *endpoint) GetSockOpt(opt GettableOption) error {
	v := reflect.ValueOf(opt)
	if !v.IsValid() || v.IsNil() {
		return &Error{Op: "get", Field: "option", Value: "nil", Err: ErrInvalidOptionValue}
	}
	o := options[v.Type().Elem()]
	err := ErrUnknownOption
	if o.fits(e) {
		err = o.get(e.engine(), opt)
	}
	if err != nil {
		return &Error{Op: "get", Field: v.Type().Elem().Name(), Err: err}
	}
	return nil
}

func optionError(op string, value any, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Field: reflect.TypeOf(value).Name(), Value: fmt.Sprint(value), Err: err}
}

// copyOptions gives to what was set on from.
func (e *endpoint) copyOptions(to, from tcpip.Endpoint) {
	for t, o := range options {
		if o.set == nil || !o.fits(e) {
			continue
		}
		old, now := reflect.New(t), reflect.New(t)
		if o.get(from, old.Interface()) != nil || o.get(to, now.Interface()) != nil {
			continue // neither has it
		}
		if v := old.Elem(); !v.Equal(now.Elem()) {
			_ = o.set(to, v.Interface()) // from took it
		}
	}
}
