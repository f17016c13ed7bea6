package httpx

import "sync"

// copyBuffers is shared by all proxies.
var copyBuffers bufferPool

const copyBufferSize = 32 << 10

// bufferPool implements httputil.BufferPool.
type bufferPool struct{ free sync.Pool }

// Get returns a buffer of any content.
func (p *bufferPool) Get() []byte {
	if b, ok := p.free.Get().(*[copyBufferSize]byte); ok {
		return b[:]
	}
	return make([]byte, copyBufferSize)
}

// Put takes a buffer back that Get returned.
func (p *bufferPool) Put(b []byte) { p.free.Put((*[copyBufferSize]byte)(b)) }
