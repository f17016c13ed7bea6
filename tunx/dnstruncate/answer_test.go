package dnstruncate_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/strata-net/strata/tunx/dnstruncate"
)

func question(name string, kind dnsmessage.Type, class dnsmessage.Class) dnsmessage.Question {
	return dnsmessage.Question{Name: dnsmessage.MustNewName(name), Type: kind, Class: class}
}

func opt(t testing.TB, size int) dnsmessage.Resource {
	t.Helper()
	var h dnsmessage.ResourceHeader
	require.NoError(t, h.SetEDNS0(size, dnsmessage.RCodeSuccess, true))
	return dnsmessage.Resource{Header: h, Body: &dnsmessage.OPTResource{}}
}

func pack(t testing.TB, m dnsmessage.Message) []byte {
	t.Helper()
	p, err := m.Pack()
	require.NoError(t, err)
	return p
}

func TestAnswer(t *testing.T) {
	a := question("exAMPle.com.", dnsmessage.TypeA, dnsmessage.ClassINET)
	chaos := question("version.bind.", dnsmessage.TypeTXT, dnsmessage.ClassCHAOS)
	odd := question("x.", 65280, 4711)
	header := dnsmessage.Header{ID: 4711, RecursionDesired: true, CheckingDisabled: true, AuthenticData: true}
	update := dnsmessage.Header{ID: 1, OpCode: 5}
	for _, each := range []struct {
		name  string
		query dnsmessage.Message
		edns  bool
	}{
		{"plain", dnsmessage.Message{Header: header, Questions: []dnsmessage.Question{a}}, false},
		{"no question", dnsmessage.Message{Header: header}, false},
		{"many", dnsmessage.Message{Header: header, Questions: []dnsmessage.Question{a, chaos, a, odd}}, false},
		{"EDNS", dnsmessage.Message{Header: header, Questions: []dnsmessage.Question{a}, Additionals: []dnsmessage.Resource{opt(t, 4096)}}, true},
		{"wrong class", dnsmessage.Message{Header: header, Questions: []dnsmessage.Question{odd}}, false},
		{"update", dnsmessage.Message{Header: update, Questions: []dnsmessage.Question{a}}, false},
		{"with records", dnsmessage.Message{Header: update, Questions: []dnsmessage.Question{a}, Answers: []dnsmessage.Resource{
			{Header: dnsmessage.ResourceHeader{Name: a.Name, Class: 1}, Body: &dnsmessage.AResource{}},
		}, Additionals: []dnsmessage.Resource{opt(t, 1232)}}, true},
	} {
		t.Run(each.name, func(t *testing.T) {
			query := pack(t, each.query)
			before := bytes.Clone(query)
			p, err := dnstruncate.Answer(query)
			require.NoError(t, err)
			assert.Equal(t, before, query, "the query is the caller's")
			assert.LessOrEqual(t, len(p), len(query))
			var m dnsmessage.Message
			require.NoError(t, m.Unpack(p))
			assert.Equal(t, dnsmessage.Header{
				ID: each.query.ID, OpCode: each.query.OpCode, Response: true, Truncated: true,
				RecursionDesired: each.query.RecursionDesired, RecursionAvailable: true, CheckingDisabled: each.query.CheckingDisabled,
			}, m.Header)
			assert.Equal(t, each.query.Questions, append([]dnsmessage.Question(nil), m.Questions...))
			assert.Empty(t, m.Answers)
			assert.Empty(t, m.Authorities)
			if !each.edns {
				assert.Empty(t, m.Additionals)
				return
			}
			require.Len(t, m.Additionals, 1)
			h := m.Additionals[0].Header
			assert.Equal(t, dnsmessage.TypeOPT, h.Type)
			assert.EqualValues(t, 1232, h.Class, "what we take")
			assert.True(t, h.DNSSECAllowed())
		})
	}
}

// An answer is not longer than 512 bytes, or what EDNS says, and still well-formed.
func TestAnswerFits(t *testing.T) {
	long := strings.Repeat(strings.Repeat("x", 61)+".", 4)
	var many []dnsmessage.Question
	for i := range 26 {
		many = append(many, question(string(rune('a'+i))+long[1:], dnsmessage.TypeA, dnsmessage.ClassINET))
	}
	for _, each := range []struct {
		name       string
		additional []dnsmessage.Resource
		limit      int
		questions  int
	}{
		{"plain", nil, 512, 1},
		{"EDNS", []dnsmessage.Resource{opt(t, 1232)}, 1232, 4},
		{"EDNS smaller than allowed", []dnsmessage.Resource{opt(t, 100)}, 512, 1},
		{"EDNS larger than all", []dnsmessage.Resource{opt(t, 65535)}, 65535, 26},
	} {
		t.Run(each.name, func(t *testing.T) {
			p, err := dnstruncate.Answer(pack(t, dnsmessage.Message{Questions: many, Additionals: each.additional}))
			require.NoError(t, err)
			assert.LessOrEqual(t, len(p), each.limit)
			var m dnsmessage.Message
			require.NoError(t, m.Unpack(p))
			assert.GreaterOrEqual(t, len(m.Questions), each.questions)
			assert.Equal(t, many[:len(m.Questions)], m.Questions)
			assert.True(t, m.Truncated)
		})
	}
}

func TestAnswerGarbage(t *testing.T) {
	plain := pack(t, dnsmessage.Message{Questions: []dnsmessage.Question{question("a.b.", 1, 1)}})
	withEDNS := pack(t, dnsmessage.Message{Questions: []dnsmessage.Question{question("a.b.", 1, 1)}, Additionals: []dnsmessage.Resource{opt(t, 512)}})
	change := func(p []byte, at int, b ...byte) []byte {
		p = bytes.Clone(p)
		copy(p[at:], b)
		return p
	}
	for _, each := range []struct {
		name      string
		query     []byte
		code      int // with the bits of EDNS
		questions int
	}{
		{"no question is there", plain[:12], 1, 0},
		{"cut in the name", plain[:14], 1, 0},
		{"cut in the class", plain[:len(plain)-1], 1, 0},
		{"65535 questions", change(plain, 4, 255, 255), 1, 1},
		{"label of an unknown kind", change(plain, 12, 0x80), 1, 0},
		{"pointer to itself", change(plain, 12, 0xc0, 12), 1, 0},
		{"pointer forward", change(plain, 12, 0xc0, 15), 1, 0},
		{"pointer into the header", change(plain, 12, 0xc0, 2), 1, 0},
		{"half a pointer", append(bytes.Clone(plain[:12]), 0xc0), 1, 0},
		{"records are missing", change(plain, 7, 1), 1, 1},
		{"a record is cut", withEDNS[:len(withEDNS)-1], 1, 1},
		{"a record's data is cut", change(withEDNS, len(withEDNS)-1, 1), 1, 1},
		{"two OPT", append(change(withEDNS, 11, 2), withEDNS[len(withEDNS)-11:]...), 1, 1},
		{"OPT with a name", append(append(change(plain, 11, 1), 1, 'x'), withEDNS[len(withEDNS)-11:]...), 1, 1},
		{"EDNS version 1", change(withEDNS, len(withEDNS)-5, 1), 16, 1},
		{"long name", append(append(plain[:12:12], bytes.Repeat([]byte("\x3faaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), 4)...), 0, 0, 1, 0, 1), 1, 0},
	} {
		t.Run(each.name, func(t *testing.T) {
			p, err := dnstruncate.Answer(each.query)
			require.NoError(t, err)
			var m dnsmessage.Message
			require.NoError(t, m.Unpack(p))
			assert.True(t, m.Response)
			assert.True(t, m.Truncated)
			code := int(m.RCode)
			for _, r := range m.Additionals {
				code = int(r.Header.ExtendedRCode(m.RCode))
			}
			assert.Equal(t, each.code, code)
			assert.Len(t, m.Questions, each.questions)
		})
	}
}

// What is no query gets no answer: two that answer each other would never end.
func TestNoAnswer(t *testing.T) {
	for _, p := range [][]byte{nil, make([]byte, 11), {0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0}} {
		answer, err := dnstruncate.AppendAnswer([]byte("kept"), p)
		assert.Error(t, err)
		assert.Equal(t, "kept", string(answer))
	}
}

func FuzzAnswer(f *testing.F) {
	a := question("example.com.", 1, 1)
	f.Add(pack(f, dnsmessage.Message{Questions: []dnsmessage.Question{a, a}, Additionals: []dnsmessage.Resource{opt(f, 4096)}}))
	f.Add([]byte("\x00\x01\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00\x01x\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01"))
	f.Fuzz(func(t *testing.T, query []byte) {
		before := bytes.Clone(query)
		p, err := dnstruncate.Answer(query)
		require.Equal(t, before, query)
		if isQuery := len(query) >= 12 && query[2]&0x80 == 0; !isQuery {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.LessOrEqual(t, len(p), len(query))
		limit := 512
		var parser dnsmessage.Parser
		h, err := parser.Start(p)
		require.NoError(t, err)
		require.True(t, h.Response && h.Truncated)
		require.Equal(t, binary.BigEndian.Uint16(query), h.ID)
		require.NoError(t, parser.SkipAllQuestions())
		require.NoError(t, parser.SkipAllAnswers())
		require.NoError(t, parser.SkipAllAuthorities())
		additional, err := parser.AllAdditionals()
		require.NoError(t, err)
		if len(additional) > 0 {
			limit = 65535
		}
		require.LessOrEqual(t, len(p), limit)
		// Nothing behind, and what another library understands it understands in the answer.
		end := len(p) - 11*len(additional)
		require.Equal(t, query[12:end], p[12:end])
		var m dnsmessage.Message
		if m.Unpack(query) == nil {
			require.NoError(t, m.Unpack(p))
		}
	})
}
