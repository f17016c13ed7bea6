package virtspec

import (
	"fmt"

	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/virtnet/simnet"
)

func (b *builder) subnet(path string, m *specv1.Subnet) simnet.Subnet {
	s := simnet.Subnet{
		Name:    m.GetName(),
		Prefix:  b.prefix(path+"prefix", m.Prefix),
		Prefix6: b.prefix(path+"prefix6", m.Prefix6),
		Link:    b.quality(path+"quality.", m.GetQuality()),
	}
	for i, h := range m.GetHosts() {
		s.Hosts = append(s.Hosts, b.host(fmt.Sprintf("%shosts[%d].", path, i), h))
	}
	return s
}

func (b *builder) host(path string, m *specv1.Host) simnet.Place {
	return simnet.Place{
		Name:      m.GetName(),
		Addresses: b.addresses(path+"addresses", m.GetAddresses()),
		Firewall:  b.firewall(path+"firewall.", m.GetFirewall()),
	}
}
