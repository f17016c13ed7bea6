package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// The demo's name server answers queries only, within what they can take.
func TestAnswerDNS(t *testing.T) {
	ask := func(name string, kind dnsmessage.Type, response bool) []byte {
		m := dnsmessage.Message{
			Header:    dnsmessage.Header{ID: 7, Response: response},
			Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}},
		}
		b, err := m.Pack()
		require.NoError(t, err)
		return b
	}
	for _, test := range []struct {
		name      string
		kind      dnsmessage.Type
		limit     int
		answers   int
		truncated bool
		code      dnsmessage.RCode
	}{
		{smallName, dnsmessage.TypeA, udpLimit, 1, false, dnsmessage.RCodeSuccess},
		{smallName, dnsmessage.TypeAAAA, udpLimit, 0, false, dnsmessage.RCodeSuccess},
		{bigName, dnsmessage.TypeTXT, udpLimit, 0, true, dnsmessage.RCodeSuccess},
		{bigName, dnsmessage.TypeTXT, 65535, 1, false, dnsmessage.RCodeSuccess},
		{"other.test.", dnsmessage.TypeA, udpLimit, 0, false, dnsmessage.RCodeNameError},
	} {
		b := answerDNS(ask(test.name, test.kind, false), test.limit)
		assert.LessOrEqual(t, len(b), test.limit)
		var m dnsmessage.Message
		require.NoError(t, m.Unpack(b))
		assert.Equal(t, uint16(7), m.ID)
		assert.True(t, m.Response)
		assert.Equal(t, test.truncated, m.Truncated)
		assert.Len(t, m.Answers, test.answers)
		assert.Equal(t, test.code, m.RCode)
	}
	assert.Nil(t, answerDNS(ask(smallName, dnsmessage.TypeA, true), udpLimit), "an answer")
	assert.Nil(t, answerDNS([]byte("no DNS"), udpLimit))
	assert.Nil(t, answerDNS(make([]byte, 12), udpLimit), "no question")
}
