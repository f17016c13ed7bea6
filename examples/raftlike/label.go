package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/strata-net/strata/virtnet/simnet"
)

// label says what the first message of a packet is, for a diagram. It is "" for a
// packet that does not begin with one.
func label(e simnet.Event) string {
	line, _, _ := bytes.Cut(e.Data, []byte("\n"))
	var m Message
	if json.Unmarshal(line, &m) != nil {
		return ""
	}
	text := m.text()
	if e.Attempt > 0 {
		text += " again"
	}
	if e.Reason != 0 {
		text += " (" + e.Reason.String() + ")"
	}
	return text
}

func (m *Message) text() string {
	text := string(m.Kind)
	if m.Term > 0 {
		text += fmt.Sprintf(" t%d", m.Term)
	}
	switch m.Kind {
	case kindAsk:
		return text + fmt.Sprintf(" log %d", m.Index)
	case kindAppend:
		text += fmt.Sprintf(" %d", m.Index)
		if len(m.Entries) > 0 {
			text += fmt.Sprintf("+%d", len(m.Entries))
		}
		return text
	case kindAck:
		text += fmt.Sprintf(" %d", m.Index)
	case kindPropose:
		return text + " " + m.ID
	case kindDone:
		text += " " + m.ID
	}
	if !m.OK {
		text += " no"
	}
	return text
}

// worthy holds for what a diagram of the protocol shows: messages and faults, not
// how the conns for them come and go.
func worthy(e simnet.Event) bool { return e.Kind == simnet.KindFault || e.Step == simnet.StepData }
