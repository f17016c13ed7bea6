// Package document reads and writes messages of strata.v1 as YAML, JSON, and
// protobuf's text and binary forms.
//
// Reading is strict, and tells every error at once, each with its place:
//
//	gateway.yaml:14: listeners[0].tls.min_version: "1.4": allowed are 1.0, 1.1, 1.2 and 1.3
//
// What only builders find is told with the rest when [Options.Check] has one:
//
//	check := func(m proto.Message) error {
//		_, err := netspec.ListenConfig(ctx, m.(*specv1.ListenConfig))
//		return err
//	}
//
// A mapper may follow files from then on (tls.reload), also those of a document
// that is refused: end its context then.
//
// # Fields
//
// A field is named as in the schema (max_conns) or as protobuf's JSON names it
// (maxConns), once. What protobuf's JSON accepts is accepted, with one exception:
// an integer in a google.protobuf.Value that a double cannot hold exactly becomes
// text instead of another number.
//
//   - Durations are 30s, 1m30s, 250ms; never a number without a unit.
//   - Integers may be 0x1F or 0o17 in YAML; a leading zero is an error, since some
//     read 0660 as octal and some do not. 1e3 and 2.0 are integers, 1.5 is none.
//     Numbers may stand in quotes.
//   - Enums are names of their values; bytes are base64.
//   - null leaves a field unset. A key of YAML with nothing after it is an error:
//     what belongs under it may have the wrong indent.
//
// # YAML
//
// Scalars are those of YAML 1.2's core schema: yes and on are text. A number
// without quotes is text where text is due, as it is written: 1.10 stays 1.10.
// One document a file, not an empty one. Aliases are allowed, each counted as
// what it stands for; merge keys (<<) and tags of other types are not. Letters
// that only some versions of YAML have stand as escapes in double quotes.
//
// # JSON
//
// As RFC 8259 has it: no comments, no repeated names, no half surrogates.
//
// # Environment
//
// With [Options.Env], ${NAME} and ${NAME:-default} inside of values of YAML and
// JSON are replaced, the latter also when the variable is empty, and $$ is a
// dollar; other dollars stay. The result stays one scalar, whatever it has: a
// scalar without quotes may become a number or a bool, one in quotes is text. Keys
// and comments are left alone (inside of YAML's braces ${NAME} needs quotes), and
// what a variable brings is not looked at again. Errors of reading show the scalar
// as the document has it, not what a variable holds; those of builders show the
// value, unless its field is a secret.
//
// # Secrets
//
// Errors do not show values of fields that have the option debug_redact.
package document
