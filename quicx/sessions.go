package quicx

import "crypto/tls"

// sessions is a cache from which each conn gets a session of its own: quic-go writes into the one that it is given
// (SessionState.EarlyData), and dials to one server at the same time would share it.
type sessions struct{ tls.ClientSessionCache }

// Get returns a copy.
func (s sessions) Get(key string) (*tls.ClientSessionState, bool) {
	found, ok := s.ClientSessionCache.Get(key)
	if !ok {
		return nil, false
	}
	ticket, state, err := found.ResumptionState()
	if state == nil || err != nil {
		return found, ok
	}
	own := *state
	copied, err := tls.NewResumptionState(ticket, &own)
	return copied, err == nil
}
