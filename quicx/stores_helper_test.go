package quicx_test

import (
	"crypto/tls"
	"sync/atomic"

	"github.com/quic-go/quic-go"
)

// countingCache counts what is put into a cache of sessions.
type countingCache struct {
	tls.ClientSessionCache
	puts atomic.Int32
}

// Put stores a session.
func (c *countingCache) Put(key string, s *tls.ClientSessionState) {
	c.ClientSessionCache.Put(key, s)
	if s != nil {
		c.puts.Add(1)
	}
}

// caching is trusting with a cache that counts.
func caching() (*tls.Config, *countingCache) {
	config, cache := trusting(), &countingCache{ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	config.ClientSessionCache = cache
	return config, cache
}

// countingTokens counts tokens.
type countingTokens struct {
	quic.TokenStore
	puts, found atomic.Int32
}

// Put stores a token.
func (c *countingTokens) Put(key string, token *quic.ClientToken) {
	c.TokenStore.Put(key, token)
	c.puts.Add(1)
}

// Pop takes one.
func (c *countingTokens) Pop(key string) *quic.ClientToken {
	token := c.TokenStore.Pop(key)
	if token != nil {
		c.found.Add(1)
	}
	return token
}
