package main

import (
	"math"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// goDuration is what package time reads, but a bare 0, which the maps take.
const goDuration = `[-+]?(([0-9]+\.?[0-9]*|\.[0-9]+)(h|ms|m|s|us|µs|μs|ns))+`

// options is what the maps called options and prefer take: the kernel's names of all that the typed messages have, and
// "level/number" with bytes.
func (s *schema) options() object {
	properties := object{}
	for _, m := range s.messages {
		if m.Name() != "SockOption" {
			continue
		}
		for _, level := range fields(m) {
			if level.Message() != nil {
				addLevel(properties, level)
			}
		}
	}
	return object{
		"type":        "object",
		"description": "Socket options by the kernel's names, and by level/number with bytes (6/4: 0x1e000000).",
		"properties":  properties,
		"patternProperties": object{
			"^-?[0-9]+/-?[0-9]+$": object{"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$", "description": "Bytes as setsockopt takes them."},
		},
		"additionalProperties": false,
	}
}

// switchOff ends the name of a field that switches an option off, which is the word off in the maps.
const switchOff = "_off"

func addLevel(properties object, level protoreflect.FieldDescriptor) {
	byName := level.Message().Fields()
	for _, f := range fields(level.Message()) {
		if whole, ok := strings.CutSuffix(string(f.Name()), switchOff); ok && byName.ByName(protoreflect.Name(whole)) != nil {
			continue
		}
		name := strings.ToUpper(string(level.Name() + "_" + f.Name()))
		o := value(f, byName.ByName(f.Name()+switchOff) != nil)
		o["description"] = comment(f)
		properties[name] = o
	}
}

// value is what a map has for a typed field. All values may be strings too, as package sockopt reads them.
func value(f protoreflect.FieldDescriptor, off bool) object {
	number := object{"type": []string{"integer", "string"}, "pattern": "^[-+]?(0[xX][0-9a-fA-F]+|[0-9]+)$" + variable}
	switch f.Kind() {
	case protoreflect.BoolKind:
		return object{"type": []string{"boolean", "string"}, "pattern": "^(true|false|on|off|0|1)$" + variable}
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		number["minimum"], number["maximum"] = math.MinInt32, math.MaxInt32 // an int in the kernel
		return number
	case protoreflect.Uint32Kind:
		number["minimum"], number["maximum"] = 0, math.MaxUint32
		return number
	case protoreflect.Uint64Kind:
		number["minimum"] = 0
		return number
	case protoreflect.MessageKind:
		words := "0|" + goDuration
		if off {
			words = "off|" + words
		}
		return object{"type": []string{"string", "integer"}, "pattern": "^(" + words + ")$" + variable, "minimum": 0, "maximum": 0}
	}
	return object{"type": "string"}
}
