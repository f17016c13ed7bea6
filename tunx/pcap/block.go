package pcap

import (
	"encoding/binary"
	"time"
)

// block puts together the blocks of a pcapng file (draft-ietf-opsawg-pcapng), in little
// endian: type, length, content, options, and the length once more.
type block struct {
	bytes []byte
	at    int // where the current one begins
}

// Types of blocks, codes of options and other numbers of the format.
const (
	blockSection    = 0x0A0D0D0A
	blockInterface  = 1
	blockStatistics = 5
	blockPacket     = 6

	magicByteOrder = 0x1A2B3C4D
	linkTypeRaw    = 101 // IPv4 or IPv6, without a frame

	sectionApplication  = 4
	interfaceName       = 2
	interfaceResolution = 9
	packetFlags         = 2
	packetDrops         = 4
	packetQueue         = 6
	statisticsReceived  = 4
	statisticsDropped   = 5

	nanoseconds = 9 // times are multiples of 10^-9 s

	// packetOverhead is how much longer than its packet a block is at most.
	packetOverhead = 32 + 3 + 8 + 12 + 8 + 4
)

func (b *block) begin(kind uint32) {
	b.at = len(b.bytes)
	b.u32(kind, 0)
}

func (b *block) end() {
	b.u16(0, 0) // the end of the options
	length := uint32(len(b.bytes) - b.at + 4)
	binary.LittleEndian.PutUint32(b.bytes[b.at+4:], length)
	b.u32(length)
}

// header begins a file of one interface.
func (b *block) header(name string, snapLen int) {
	b.begin(blockSection)
	b.u32(magicByteOrder)
	b.u16(1, 0)             // version
	b.u32(1<<32-1, 1<<32-1) // length of the section: not told
	b.option(sectionApplication, "strata tunx/pcap")
	b.end()
	b.begin(blockInterface)
	b.u16(linkTypeRaw, 0)
	b.u32(uint32(snapLen))
	if name != "" {
		b.option(interfaceName, name)
	}
	b.option(interfaceResolution, string(rune(nanoseconds)))
	b.end()
}

// packet begins the block of a packet, of which the caller appends kept bytes.
func (b *block) packet(at time.Time, kept, length int) {
	b.begin(blockPacket)
	b.u32(0)
	b.time(at)
	b.u32(uint32(kept), uint32(length))
}

func (b *block) time(at time.Time) {
	ns := uint64(at.UnixNano())
	b.u32(uint32(ns>>32), uint32(ns))
}

// endPacket says how it passed, and how many before it are missing.
func (b *block) endPacket(flags uint32, queue int, drops uint64) {
	b.pad()
	b.u16(packetFlags, 4)
	b.u32(flags)
	if drops > 0 {
		b.count(packetDrops, drops)
	}
	if queue >= 0 {
		b.u16(packetQueue, 4)
		b.u32(uint32(queue))
	}
	b.end()
}

// statistics ends a file.
func (b *block) statistics(at time.Time, seen, dropped uint64) {
	b.begin(blockStatistics)
	b.u32(0)
	b.time(at)
	b.count(statisticsReceived, seen)
	b.count(statisticsDropped, dropped)
	b.end()
}

func (b *block) option(code uint16, value string) {
	b.u16(code, uint16(len(value)))
	b.bytes = append(b.bytes, value...)
	b.pad()
}

func (b *block) count(code uint16, n uint64) {
	b.u16(code, 8)
	b.bytes = binary.LittleEndian.AppendUint64(b.bytes, n)
}

func (b *block) pad() {
	b.bytes = append(b.bytes, make([]byte, -len(b.bytes)&3)...)
}

func (b *block) u16(values ...uint16) {
	for _, v := range values {
		b.bytes = binary.LittleEndian.AppendUint16(b.bytes, v)
	}
}

func (b *block) u32(values ...uint32) {
	for _, v := range values {
		b.bytes = binary.LittleEndian.AppendUint32(b.bytes, v)
	}
}
