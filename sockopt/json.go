package sockopt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MarshalJSON returns an object with a member for each option, in the list's order: booleans and integers as such,
// all else in text form. A preferred option's name ends in "?". Of two options of one name the later is kept.
func (o Options) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range o {
		opt := &o[i]
		if opt.row == nil {
			return nil, opt.fail("marshal", "", 0, opt.check())
		}
		if o.superseded(i) {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		name := opt.Name()
		if opt.prefer {
			name += "?"
		}
		fmt.Fprintf(&b, "%q:%s", name, opt.jsonValue())
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// jsonValue is the value as JSON.
func (o *Option) jsonValue() string {
	text := o.ValueText()
	if !o.row.Kind.quoted() {
		return text
	}
	quoted, _ := json.Marshal(text) //nolint:errchkjson // a string always marshals
	return string(quoted)
}

// UnmarshalJSON reads an object as MarshalJSON writes it, and keeps its order. A value of the wrong JSON type,
// a name given twice and what [Parse] refuses are errors; all are joined, and the list is left as it was. So it is by null.
func (o *Options) UnmarshalJSON(data []byte) error {
	if string(bytes.Trim(data, " \t\r\n")) == "null" { // as package json has it for every type
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return noObject()
	}
	list := Options{}
	seen := map[string]bool{}
	var errs []error
	for d.More() {
		name, raw, err := member(d)
		if err != nil {
			return noObject()
		}
		opt, err := parseMember(name, raw)
		if err == nil && seen[opt.Name()] {
			err = &Error{Op: "parse", Option: name, Value: string(raw), Err: badValue{"", "the name stands twice"}}
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		seen[opt.Name()] = true
		list = append(list, opt)
	}
	if !ends(d) {
		return noObject()
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	*o = list
	return nil
}

// noObject is the error for a text that is no JSON object.
func noObject() error {
	return &Error{Op: "parse", Option: "options", Err: badValue{"", "want a JSON object of names and values"}}
}

// member reads a name and its value.
func member(d *json.Decoder) (string, json.RawMessage, error) {
	t, err := d.Token()
	if err != nil {
		return "", nil, err
	}
	var raw json.RawMessage
	err = d.Decode(&raw)
	return t.(string), raw, err
}

// ends reports whether the object is closed and nothing follows it. Package json has looked after that before it calls
// UnmarshalJSON; others who call it have not.
func ends(d *json.Decoder) bool {
	if _, err := d.Token(); err != nil {
		return false
	}
	_, err := d.Token()
	return errors.Is(err, io.EOF)
}

// parseMember reads the value in the JSON type that its option has.
func parseMember(name string, raw json.RawMessage) (Option, error) {
	bare, _ := strings.CutSuffix(name, "?")
	o, err := find(bare)
	if err != nil {
		return Option{}, &Error{Op: "parse", Option: bare, Value: string(raw), Err: err}
	}
	text := string(raw)
	if o.row.Kind.quoted() {
		if json.Unmarshal(raw, &text) != nil || raw[0] != '"' {
			return Option{}, &Error{Op: "parse", Option: bare, Value: string(raw), Err: badValue{"want a JSON string: ", o.row.Allowed()}}
		}
	} else if raw[0] == '"' || o.row.Kind == KindBool && text != "true" && text != "false" {
		return Option{}, &Error{Op: "parse", Option: bare, Value: string(raw), Err: badValue{"want a JSON " + o.row.Kind.jsonType() + ": ", o.row.Allowed()}}
	}
	return parse(name, text)
}

// quoted reports whether values of the kind are JSON strings.
func (k Kind) quoted() bool { return k.jsonType() == "string" }

func (k Kind) jsonType() string {
	switch k {
	case KindBool:
		return "boolean"
	case KindInt, KindUint32, KindUint64:
		return "number"
	}
	return "string"
}
