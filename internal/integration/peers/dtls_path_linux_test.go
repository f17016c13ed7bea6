package peers_test

import (
	"crypto/tls"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// With the smallest MTU on both sides the handshake comes in many small datagrams,
// RSA certificates of both sides included.
func TestDTLSSmallMTU(t *testing.T) {
	a := newAuthority(t)
	serverCert, serverFiles := a.leaf(t, &pki.Leaf{Names: []string{"localhost"}, Key: pki.RSA2048})
	clientCert, clientFiles := a.leaf(t, &pki.Leaf{Names: []string{"client.test"}, Key: pki.RSA2048})
	const mtu = 256
	eachProgram(t, func(t *testing.T, p *dtlsProgram) {
		s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{MTU: mtu, TLS: &tls.Config{
			Certificates: []tls.Certificate{serverCert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.Pool(),
		}}}, tell)
		r := relayDTLS(t, s.address, nil, nil)
		out, words := a.asks(t, p.client, r.address, append(p.shows(clientFiles), p.mtu(mtu)...)...)
		assert.Contains(t, words, `peer="client.test"`, out)
		assert.LessOrEqual(t, r.down.largest.Load(), int64(mtu), "from the server")
		assert.Greater(t, r.down.count.Load(), int64(5))
		assert.Greater(t, r.up.count.Load(), int64(5))

		_, address := p.serve(a, t, append(append(p.shows(serverFiles), p.wantsClient...), p.mtu(mtu)...)...)
		r = relayDTLS(t, address, nil, nil)
		cfg := a.trusts()
		cfg.Certificates = []tls.Certificate{clientCert}
		_, err := dialDTLS(t, r.address, dtlsx.DialConfig{Config: dtlsx.Config{TLS: cfg, MTU: mtu}})
		require.NoError(t, err)
		assert.LessOrEqual(t, r.up.largest.Load(), int64(mtu), "from the client")
		assert.Greater(t, r.down.count.Load(), int64(5))
		assert.Greater(t, r.up.count.Load(), int64(5))
	})
}

// Handshakes succeed though datagrams get lost: the first flights, and every tenth.
func TestDTLSLoss(t *testing.T) {
	t.Parallel() // it waits for retransmissions most of the time
	a := newAuthority(t)
	first := func(count int64) func(int64) bool { return func(n int64) bool { return n < count } }
	for name, lose := range map[string][2]func(int64) bool{
		"first of the client": {first(2), nil},
		"first of the server": {nil, first(2)},
		"first of both":       {first(1), first(1)},
		"10 %":                {func(n int64) bool { return n%10 == 2 }, func(n int64) bool { return n%10 == 5 }},
	} {
		tries := 1
		if name == "10 %" {
			tries = 3
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachProgram(t, func(t *testing.T, p *dtlsProgram) {
				t.Parallel()
				quick := dtlsx.Config{TLS: a.verifies(t), MTU: 256, RetransmitInterval: 200 * time.Millisecond}
				s := serveDTLS(t, dtlsx.ListenConfig{Config: quick}, echo)
				r := relayDTLS(t, s.address, lose[0], lose[1])
				for i := range tries {
					child := p.connect(a, t, r.address, p.shows(a.ecdsaFiles(t))...)
					child.arrives(t, fmt.Sprintf("line %d\n", i))
					child.in.Close()
				}
				lost := r.up.lost.Load() + r.down.lost.Load()

				_, address := p.serve(a, t, append(append(p.shows(a.ecdsaFiles(t)), p.wantsClient...), p.mtu(256)...)...)
				r = relayDTLS(t, address, lose[0], lose[1])
				quick.TLS = a.trusts()
				quick.TLS.Certificates, quick.TLS.RootCAs = a.verifies(t).Certificates[:1], a.Pool()
				for range tries {
					c, err := dialDTLS(t, r.address, dtlsx.DialConfig{Config: quick})
					require.NoError(t, err)
					require.NoError(t, c.Close())
				}
				assert.Positive(t, lost)
				assert.Positive(t, r.up.lost.Load()+r.down.lost.Load())
				t.Logf("lost: %d with a client, %d with a server", lost, r.up.lost.Load()+r.down.lost.Load())
			})
		})
	}
}
