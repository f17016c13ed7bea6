package http3x

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/quic-go/quic-go/quicvarint"
)

// Settings that are not additional: quic-go sends them itself from fields of their own.
const (
	settingMaxFieldSectionSize = 0x06
	settingExtendedConnect     = 0x08
	settingDatagram            = 0x33
)

// checkSettings refuses what a peer would end the conn for (RFC 9114, section 7.2.4.1), and what would be sent twice.
func checkSettings(p *problems, settings map[uint64]uint64) {
	for _, id := range slices.Sorted(maps.Keys(settings)) {
		field := fmt.Sprintf("AdditionalSettings[%#x]", id)
		value := fmt.Sprint(settings[id])
		p.add(field, value, checkSetting(id))
		if settings[id] > quicvarint.Max {
			p.add(field, value, fmt.Errorf("the value must be at most %d", uint64(quicvarint.Max)))
		}
	}
}

func checkSetting(id uint64) error {
	switch id {
	case 0x00, 0x02, 0x03, 0x04, 0x05:
		return errors.New("the identifier is reserved: peers end the conn for it")
	case 0x01, 0x07:
		return errors.New("is a setting of QPACK's dynamic table, which quic-go does not have")
	case settingMaxFieldSectionSize:
		return errors.New("is sent by itself, from the bound of the header's bytes")
	case settingExtendedConnect:
		return errors.New("is sent by itself, by servers only")
	case settingDatagram:
		return errors.New("is sent by itself: use EnableDatagrams")
	}
	if id > quicvarint.Max {
		return fmt.Errorf("the identifier must be at most %d", uint64(quicvarint.Max))
	}
	return nil
}
