package virtspec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec/document"
	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/virtspec"
	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/simnet"
)

// talk lets one host greet the other.
func talk(t *testing.T, from, to *virtnet.Host) net.Addr {
	t.Helper()
	l, err := to.Listen("")
	require.NoError(t, err)
	defer l.Close()
	done := make(chan net.Addr, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			done <- nil
			return
		}
		io.WriteString(c, "hello")
		c.Close()
		done <- c.RemoteAddr()
	}()
	c, err := from.Dial(context.Background(), l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got))
	return <-done
}

// unique returns a name that no other test has: that of a loopback network is one for
// the whole machine.
func unique() string { return fmt.Sprintf("t%d-%d", os.Getpid(), time.Now().UnixNano()) }

// Each kind of network has the hosts of the message, and they reach each other.
func TestKinds(t *testing.T) {
	for kind, full := range map[specv1.VirtualNetwork_Kind]string{
		specv1.VirtualNetwork_pipe:      "pipe",
		specv1.VirtualNetwork_loopback:  "lonet",
		specv1.VirtualNetwork_simulated: "sim",
	} {
		t.Run(kind.String(), func(t *testing.T) {
			spectest.NoLeak(t)
			name := unique()
			m := around()
			m.Name, m.Kind = &name, kind.Enum()
			m.Subnets = m.GetSubnets()[:1]
			before := proto.CloneOf(m)
			n, err := virtspec.NewNetworkFromSpec(m)
			if kind == specv1.VirtualNetwork_loopback && errors.Is(err, errors.ErrUnsupported) && runtime.GOOS != "linux" {
				t.Skipf("%s: %v", runtime.GOOS, err)
			}
			require.NoError(t, err)
			require.True(t, proto.Equal(before, m), "the message was changed")
			m.Subnets[0].Hosts[0].Name = new("other")
			assert.Equal(t, full, strings.TrimSuffix(n.Network(), name))
			assert.Equal(t, kind == specv1.VirtualNetwork_simulated, n.Sim != nil)
			talk(t, n.Host("h1"), n.Host("h2"))
			assert.Nil(t, n.Host("other"))
			require.NoError(t, n.Close())
			_, err = n.NewHost(t.Context(), "late")
			assert.ErrorIs(t, err, virtnet.ErrNetDown)
		})
	}
}

// A host's name that another process, or network, has is an error, and nothing is
// left open.
func TestNameInUse(t *testing.T) {
	spectest.NoLeak(t)
	m := &specv1.VirtualNetwork{
		Name: new(unique()), Kind: specv1.VirtualNetwork_loopback.Enum(),
		Subnets: []*specv1.Subnet{{Name: new("s"), Hosts: []*specv1.Host{{Name: new("a")}}}},
	}
	n, err := virtspec.NewNetworkFromSpec(m)
	if errors.Is(err, errors.ErrUnsupported) && runtime.GOOS != "linux" {
		t.Skipf("%s: %v", runtime.GOOS, err)
	}
	require.NoError(t, err)
	m.Subnets[0].Hosts = []*specv1.Host{{Name: new("b")}, {Name: new("a")}}
	_, err = virtspec.NewNetworkFromSpec(m)
	require.ErrorIs(t, err, virtnet.ErrHostDup)
	require.NoError(t, n.Close())
	n, err = virtspec.NewNetworkFromSpec(m)
	require.NoError(t, err, "all names are free again")
	require.NoError(t, n.Close())
}

// A document with all that a simulated network can be made of.
func TestDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m specv1.VirtualNetwork
		var cfg *virtspec.Config
		_, err := document.Load("testdata/home.yaml", &m, &document.Options{Check: func(m proto.Message) (err error) {
			cfg, err = virtspec.VirtualNetworkConfig(t.Context(), m.(*specv1.VirtualNetwork))
			return err
		}})
		require.NoError(t, err)
		assert.Equal(t, []string{"phone", "tv", "server", "watch"}, cfg.Hosts)
		n, err := virtspec.NewNetworkFromSpec(&m)
		require.NoError(t, err)
		defer n.Close()
		assert.EqualValues(t, 7, n.Sim.Seed())
		begin := time.Now()
		seen := talk(t, n.Host("phone"), n.Host("server")).(*net.TCPAddr)
		assert.Equal(t, "203.0.113.1", seen.IP.String(), "that of the NAT")
		assert.GreaterOrEqual(t, time.Since(begin), 100*time.Millisecond, "over 3g")
		// The firewall of the host.
		_, err = n.Host("phone").Dial(t.Context(), "server:25")
		require.ErrorContains(t, err, "refused")
		// Its faults have happened after 20 s.
		time.Sleep(20*time.Second - n.Sim.Now() + time.Microsecond)
		var faults []string
		for e := range n.Sim.Trace() {
			if e.Kind == simnet.KindFault {
				faults = append(faults, e.Time.Round(time.Millisecond).String()+" "+e.Text)
			}
		}
		assert.Equal(t, []string{
			"10s partition [phone tv] [server]", "12s heal", "13s link gate to modem: latency=1s",
			"14s cut [phone] to [world]", "15s rebind NAT gate", "16s skew phone by -30s", "17s crash server", "18s restart server",
		}, faults)
	})
}

// The errors of a document have their places in it.
func TestDocumentErrors(t *testing.T) {
	const text = `
name: n
kind: simulated
subnets:
  - name: a
    quality: {profile: 3h, loss: 2}
    hosts: [{name: x}, {name: x}]
faults:
  - at: 5s
    crash: y
`
	var m specv1.VirtualNetwork
	source, err := document.Unmarshal("net.yaml", []byte(text), &m, nil)
	require.NoError(t, err)
	_, err = virtspec.NewNetworkFromSpec(&m)
	require.EqualError(t, source.Locate(err), strings.Join([]string{
		`net.yaml:6: subnets[0].quality.profile: "3h": is none of 2g, 3g, 4g, 5g, cable, datacenter, dsl, fiber, ideal, lan, leo, loopback, lossy, satellite, wan, wifi`,
		`net.yaml:6: subnets[0].quality.loss: 2: must be from 0 to 1`,
		`net.yaml:7: subnets[0].hosts[1].name: x: is the name of a host already`,
		`net.yaml:10: faults[0].crash: no host has the name "y"`,
	}, "\n"))
}

// A profile gives what is not set, also where that is zero.
func TestProfile(t *testing.T) {
	lan, err := simnet.Profile("lan")
	require.NoError(t, err)
	c, err := virtspec.VirtualNetworkConfig(t.Context(), simulated(func(m *specv1.VirtualNetwork) {
		m.Subnets[0].Quality = &specv1.LinkQuality{Profile: new("lan"), BandwidthBitsPerSecond: new(int64(0)), Loss: new(0.1)}
	}))
	require.NoError(t, err)
	lan.Bandwidth, lan.Loss = 0, 0.1
	assert.Equal(t, lan, c.Topology.Subnets[0].Link)
}
