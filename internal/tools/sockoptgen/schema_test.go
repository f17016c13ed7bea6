package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func tablesOf(names ...string) []table {
	t := table{system: system{title: "A"}, rows: map[string]fields{}}
	for _, name := range names {
		t.catalog = append(t.catalog, option{"X", name, "KindBool", "does", "manual"})
		t.rows[name] = fields{}
	}
	return []table{t}
}

// TestNumbersStay takes a row away, adds one in front, and brings the first back.
func TestNumbersStay(t *testing.T) {
	schema := func(old []byte, names ...string) []byte {
		file, err := writeSchema(tablesOf(names...), old)
		require.NoError(t, err)
		again, err := writeSchema(tablesOf(names...), file)
		require.NoError(t, err)
		assert.Equal(t, string(file), string(again))
		return file
	}
	one := schema(nil, "TCP_A", "TCP_B")
	assert.Contains(t, string(one), "  optional bool a = 1;\n\n  // TCP_B: does.\n")
	assert.Contains(t, string(one), "  optional bool b = 2;\n")
	two := schema(one, "TCP_NEW", "TCP_A")
	assert.Contains(t, string(two), "message SockTCPOption {\n  reserved 2; // b\n  reserved \"b\";\n\n  // TCP_NEW: does.\n")
	assert.Contains(t, string(two), "  optional bool new = 3;\n")
	three := schema(two, "TCP_LAST", "TCP_B", "TCP_NEW", "TCP_A")
	assert.NotContains(t, string(three), "reserved")
	for _, line := range []string{"a = 1;", "b = 2;", "new = 3;", "last = 4;"} {
		assert.Contains(t, string(three), "  optional bool "+line+"\n")
	}
}

func TestNumbersTwice(t *testing.T) {
	for _, line := range []string{"  optional bool b = 1;", "  optional bool a = 2;", "  reserved 1; // x", "  optional bool a = 99999999999999999999;"} {
		_, err := writeSchema(tablesOf("TCP_A"), []byte("message M {\n  optional bool a = 1;\n"+line+"\n}\n"))
		require.Error(t, err, line)
		assert.Contains(t, err.Error(), strings.TrimSpace(line))
	}
}

// TestSettable is what some system sets with an effect.
func TestSettable(t *testing.T) {
	row := func(f fields) table { return table{rows: map[string]fields{"SO_X": f}} }
	assert.True(t, settable("SO_X", []table{row(fields{"ReadOnly": "true"}), row(fields{})}))
	assert.False(t, settable("SO_X", []table{row(fields{"ReadOnly": "true"}), row(fields{"BlockingOnly": "true"}), row(fields{"Ignored": "since 4.11"})}))
	assert.False(t, settable("SO_Y", []table{row(fields{})}))
}

func TestSchemaTypes(t *testing.T) {
	tables := []table{{rows: map[string]fields{"SO_X": {}}}, {rows: map[string]fields{"SO_X": {"Unit": "byte"}}}}
	assert.Equal(t, "int64", schemaType(option{name: "SO_X", kind: "KindInt"}, tables))
	assert.Equal(t, "int32", schemaType(option{name: "SO_Y", kind: "KindInt"}, tables))
	assert.Equal(t, "uint32", schemaType(option{name: "SO_X", kind: "KindUint32"}, tables))
}
