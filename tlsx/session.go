package tlsx

import (
	"crypto/tls"
	"fmt"
	"strconv"
)

// Bounds of Config.Sessions. A session takes some kilobytes.
const (
	defaultSessions = 64
	maxSessions     = 1 << 20
)

func (c *Config) checkSessions(p *problems) {
	c.Tickets.check(p)
	if c.Sessions > maxSessions {
		p.add("config", "Sessions", strconv.Itoa(c.Sessions), fmt.Errorf("is too many: want at most %d", maxSessions))
	}
}

// resume sets how sessions are resumed: by a client from a cache of its own, by
// a server with keys, or with Go's own if there are none.
func (c *Config) resume(t *tls.Config, keys []ticketKey) {
	t.ClientSessionCache = c.sessions()
	t.SessionTicketsDisabled = c.Tickets.Off
	if len(keys) > 0 {
		t.SetSessionTicketKeys(keys)
	}
}

// sessions returns an empty cache, or nil if a client remembers nothing.
func (c *Config) sessions() tls.ClientSessionCache {
	switch {
	case c.Sessions < 0:
		return nil
	case c.Sessions == 0:
		return tls.NewLRUClientSessionCache(defaultSessions)
	}
	return tls.NewLRUClientSessionCache(c.Sessions)
}
