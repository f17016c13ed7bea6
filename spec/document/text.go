package document

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// text reads protobuf's text form.
func (r *reader) text(data []byte, m protoreflect.Message) {
	if err := cheap(data, r.MaxNodes, r.MaxDepth); err != nil {
		r.stop(nil, nil, err)
		return
	}
	o := prototext.UnmarshalOptions{RecursionLimit: r.MaxDepth + 1}
	if err := o.Unmarshal(data, m.Interface()); err != nil {
		n, message := textError(err)
		r.fail(nil, n, "", &cause{message, err})
	}
}

// cheap counts the marks that each value of the text form takes, and how deeply
// they are nested.
func cheap(data []byte, nodes, depth int) error {
	marks, deep := 0, 0
	var quoted byte
	for i := 0; i < len(data); i++ {
		switch b := data[i]; {
		case quoted != 0 && b == '\\' && quoted != '\n':
			i++
		case quoted != 0:
			if b == quoted {
				quoted = 0
			}
		case b == '#':
			quoted = '\n'
		case b == '"' || b == '\'':
			quoted = b
		case strings.IndexByte("{<[", b) >= 0:
			marks, deep = marks+1, deep+1
		case strings.IndexByte("}>]", b) >= 0:
			deep--
		case b == ':' || b == ',':
			marks++
		}
		if marks > nodes {
			return tooMany(nodes)
		}
		if deep > depth {
			return tooDeep(depth)
		}
	}
	return nil
}

var textPlace = regexp.MustCompile(`\(line (\d+):(\d+)\): ?`)

// cause is an error in other words.
type cause struct {
	message string
	err     error
}

func (c *cause) Error() string { return c.message }
func (c *cause) Unwrap() error { return c.err }

// protobufText returns protobuf's message, whose spaces differ from build to build.
func protobufText(err error) string {
	return strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\u00a0", " "), "proto: ")
}

// textError takes the place out of an error, and the value, which may be a secret.
func textError(err error) (*node, string) {
	message := protobufText(err)
	m := textPlace.FindStringSubmatchIndex(message)
	if m == nil {
		return nil, message
	}
	line, _ := strconv.Atoi(message[m[2]:m[3]])
	column, _ := strconv.Atoi(message[m[4]:m[5]])
	rest := message[:m[0]] + message[m[1]:]
	if what, _, found := strings.Cut(rest, ": "); found && !strings.HasPrefix(rest, "syntax error: ") && !strings.HasPrefix(rest, "unknown field") {
		rest = what
	} else if found && strings.HasPrefix(rest, "syntax error: ") {
		rest = "syntax error"
	}
	return &node{line: line, column: column}, rest
}

var errUnknownBinary = errors.New("has fields that the schema does not know")
