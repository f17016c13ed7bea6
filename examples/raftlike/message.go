package main

// Kind is what a message is for.
type Kind string

// The kinds of messages: between nodes, and of clients with their answers.
const (
	kindAsk    Kind = "ask"    // a candidate asks for a vote
	kindVote   Kind = "vote"   // the answer
	kindAppend Kind = "append" // a leader sends entries, or only says that it is there
	kindAck    Kind = "ack"    // the answer

	kindPropose Kind = "propose" // a client has a command
	kindDone    Kind = "done"    // the answer, once it is committed
	kindList    Kind = "list"    // a client wants to see what is committed
	kindListed  Kind = "listed"  // the answer
)

// Message is what goes over the network: a line of JSON.
type Message struct {
	Kind Kind   `json:"kind"`
	From string `json:"from"`
	Term uint64 `json:"term,omitempty"`

	// Of an ask: the last entry of the candidate's log. Of an append: the entry before
	// Entries. Of an ack: up to where the logs are equal or, if they are not, where the
	// leader should try next. Of a done: where the command is.
	Index   uint64 `json:"index,omitempty"`
	LogTerm uint64 `json:"logTerm,omitempty"`

	Entries []Entry `json:"entries,omitempty"`
	Commit  uint64  `json:"commit,omitempty"` // how far the sender knows of

	OK     bool   `json:"ok,omitempty"`     // of answers
	Leader string `json:"leader,omitempty"` // of a done that is not OK: who may be the leader

	ID      string `json:"id,omitempty"` // of a propose: the same when it is tried again
	Command string `json:"command,omitempty"`
}

// Entry is an entry of the log. A leader begins its term with one without ID.
type Entry struct {
	Term    uint64 `json:"term"`
	ID      string `json:"id,omitempty"`
	Command string `json:"command,omitempty"`
}
