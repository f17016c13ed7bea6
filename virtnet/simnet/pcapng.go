package simnet

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// pcapng writes blocks of the format of draft-ietf-opsawg-pcapng: one section with
// one interface. It writes little-endian; readers find that out by the magic.
type pcapng struct {
	w     *bufio.Writer
	start time.Time
	block []byte // that is being put together
}

// Types of blocks, codes of options and other numbers of the format.
const (
	blockSection   = 0x0A0D0D0A
	blockInterface = 1
	blockPacket    = 6

	magicByteOrder = 0x1A2B3C4D
	linkTypeRaw    = 101 // an IPv4 or IPv6 packet without a frame: LINKTYPE_RAW

	optionApplication = 4 // of a section
	optionName        = 2 // of an interface
	optionResolution  = 9 // of an interface
	optionFlags       = 2 // of a packet

	nanoseconds = 9 // times are multiples of 10^-9 s
)

// epbFlags is how a packet passed the interface, as the flags of a packet say it.
type epbFlags uint32

const (
	epbUnknown epbFlags = 0
	epbIn      epbFlags = 1
	epbOut     epbFlags = 2
)

// header begins the file.
func (p *pcapng) header(host string) error {
	p.begin()
	p.u32(magicByteOrder)
	p.u16(1, 0)             // version
	p.u32(1<<32-1, 1<<32-1) // length of the section: not told
	p.option(optionApplication, "simnet")
	err := p.end(blockSection)
	if host == "" {
		host = "wire"
	}
	p.begin()
	p.u16(linkTypeRaw, 0)
	p.u32(0) // packets are not bounded
	p.option(optionName, host[:min(len(host), maxOption)])
	p.option(optionResolution, string(rune(nanoseconds)))
	return errors.Join(err, p.end(blockInterface))
}

// packet adds a packet of which maybe only the beginning is known.
func (p *pcapng) packet(at time.Duration, data []byte, length int, d epbFlags) error {
	ns := uint64(p.start.UnixNano()) + uint64(at) //nolint:gosec // Capture.check: not negative
	p.begin()
	p.u32(0, uint32(ns>>32), uint32(ns&(1<<32-1)), uint32(len(data)), uint32(length)) //nolint:gosec // halves; an IP packet has at most 64 KiB
	p.block = append(p.block, data...)
	p.pad()
	if d != epbUnknown {
		p.option(optionFlags, string(binary.LittleEndian.AppendUint32(nil, uint32(d))))
	}
	return p.end(blockPacket)
}

// begin leaves place for the type and the length of a block.
func (p *pcapng) begin() { p.block = append(p.block[:0], make([]byte, 8)...) }

// end writes a block: type, length, content, and the length once more.
func (p *pcapng) end(typ uint32) error {
	p.u16(0, 0)                        // the end of the options
	length := uint32(len(p.block) + 4) //nolint:gosec // a packet and its options
	binary.LittleEndian.PutUint32(p.block, typ)
	binary.LittleEndian.PutUint32(p.block[4:], length)
	p.u32(length)
	_, err := p.w.Write(p.block)
	return err
}

// maxOption is how long a name may be: the format's field has 16 bits.
const maxOption = 1<<16 - 1

func (p *pcapng) option(code uint16, value string) {
	p.u16(code, uint16(len(value))) //nolint:gosec // at most maxOption
	p.block = append(p.block, value...)
	p.pad()
}

func (p *pcapng) pad() { p.block = append(p.block, make([]byte, -len(p.block)&3)...) }

func (p *pcapng) u16(values ...uint16) {
	for _, v := range values {
		p.block = binary.LittleEndian.AppendUint16(p.block, v)
	}
}

func (p *pcapng) u32(values ...uint32) {
	for _, v := range values {
		p.block = binary.LittleEndian.AppendUint32(p.block, v)
	}
}

func newPcapng(w io.Writer, start time.Time) *pcapng {
	return &pcapng{w: bufio.NewWriter(w), start: start}
}
