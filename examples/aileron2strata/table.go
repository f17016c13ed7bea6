package main

import "strings"

// row is a field of theirs. The rows are the converter and the page in docs.
type row struct {
	field  string // its name in their JSON and YAML
	also   string // another name that their parser takes, "" if it differs in case alone
	ours   string // our field, from the message that the table is of; "" for none
	note   string // unit, and what differs; for none, why
	sample string // a value, for the tests
	always bool   // the rule also wants to know that the field is not there
	rule   rule
}

// called reports whether a key is the field. Their parser takes the names of JSON
// and those of protobuf, which differ in case.
func (r row) called(key string) bool {
	return strings.EqualFold(key, r.field) || r.also != "" && strings.EqualFold(key, r.also)
}

// message is a table.
type message struct {
	name string
	ours string // message of strata.v1, "" for one that is only a part of others
	rows []row
}

// several stands for a resource of which nothing becomes one message.
const several = "-"

func (m message) row(key string) (row, bool) {
	for _, r := range m.rows {
		if r.called(key) {
			return r, true
		}
	}
	return row{}, false
}

// table returns all messages of theirs.
func table() []message {
	return []message{
		{"HTTPServer", "HTTPServerConfig", serverRows()},
		{"HTTPConfig", "", httpRows()},
		{"HTTP2Config", "", http2Rows()},
		{"HTTP3Config", "", http3Rows()},
		{"HTTPClient", several, clientRows()},
		{"RetryConfig", "", retryRows()},
		{"HTTPTransportConfig", "HTTPTransportConfig", transportRows()},
		{"HTTP2TransportConfig", "HTTP2TransportConfig", transport2Rows()},
		{"HTTP3TransportConfig", "HTTP3TransportConfig", transport3Rows()},
		{"DialConfig", "DialConfig", dialRows()},
		{"ListenConfig", "ListenConfig", listenRows()},
		{"KeepAliveConfig", "", keepAliveRows()},
		{"TLSConfig", "TLSConfig", tlsRows()},
		{"CertKeyPair", "", pairRows()},
		{"QuicConfig", "QuicConfig", quicRows()},
		{"SockOption", "", sockRows()},
		{"SockSOOption", "", sockSORows()},
		{"SockIPOption", "", sockIPRows()},
		{"SockIPV6Option", "", nil},
		{"SockTCPOption", "", sockTCPRows()},
		{"SockUDPOption", "", sockUDPRows()},
	}
}

func lookup(name string) (message, bool) {
	for _, m := range table() {
		if strings.EqualFold(m.name, name) {
			return m, true
		}
	}
	return message{}, false
}
