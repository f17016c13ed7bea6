package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
)

// A frame is a numbered request, and what the answer to it must be. Both sides know each byte of both in advance, so that
// what was lost, repeated, mixed up or changed on the way is seen.
type frame struct {
	lane     byte
	number   uint64
	up, down int // bytes that travel along, there and back
}

const (
	magicAsk    = 0x5a31
	magicAnswer = 0x5a32
	headerSize  = 2 + 1 + 8 + 4 + 4
	// maxFiller bounds what a frame carries, in bytes each way.
	maxFiller = 1 << 20
)

// newFrame chooses the sizes of a request: most are small, some fill many packets.
func newFrame(lane byte, number uint64, datagrams bool) frame {
	dice := rand.New(rand.NewPCG(uint64(lane), number)) //nolint:gosec // both sides have to know it
	f := frame{lane: lane, number: number, up: dice.IntN(1000), down: dice.IntN(1000)}
	switch {
	case datagrams:
	case number%128 == 127:
		f.up, f.down = dice.IntN(512<<10), dice.IntN(512<<10)
	case number%16 == 15:
		f.up, f.down = dice.IntN(48<<10), dice.IntN(48<<10)
	}
	return f
}

// ask returns the request.
func (f frame) ask() []byte {
	b := f.header(magicAsk, uint32(f.up), uint32(f.down)) //nolint:gosec // at most maxFiller
	return append(b, f.filler(0, f.up)...)
}

// answer returns what a right answer to it is. It has a checksum of what came along with the request.
func (f frame) answer() []byte { return f.reply(f.filler(0, f.up)) }

// reply answers a request that carried these bytes.
func (f frame) reply(carried []byte) []byte {
	b := f.header(magicAnswer, crc32.ChecksumIEEE(carried), uint32(f.down)) //nolint:gosec // at most maxFiller
	return append(b, f.filler(1, f.down)...)
}

func (f frame) header(magic uint16, a, b uint32) []byte {
	h := binary.BigEndian.AppendUint16(make([]byte, 0, headerSize+max(f.up, f.down)), magic)
	h = append(h, f.lane)
	h = binary.BigEndian.AppendUint64(h, f.number)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(h, a), b)
}

// filler is different for each request and way.
func (f frame) filler(way byte, size int) []byte {
	var seed [32]byte
	seed[0], seed[1] = f.lane, way
	binary.BigEndian.PutUint64(seed[2:], f.number)
	b := make([]byte, size)
	_, _ = rand.NewChaCha8(seed).Read(b) // never fails
	return b
}

// errAsk says that something came to an upstream that no client has sent so.
var errAsk = errors.New("no request begins like this")

// parseAsk reads the header of a request.
func parseAsk(h []byte) (frame, error) {
	if len(h) < headerSize || binary.BigEndian.Uint16(h) != magicAsk {
		return frame{}, errAsk
	}
	f := frame{
		lane: h[2], number: binary.BigEndian.Uint64(h[3:]),
		up: int(binary.BigEndian.Uint32(h[11:])), down: int(binary.BigEndian.Uint32(h[15:])),
	}
	if f.up > maxFiller || f.down > maxFiller {
		return frame{}, fmt.Errorf("%w: %d bytes there, %d back", errAsk, f.up, f.down)
	}
	return f, nil
}

// readAsk reads a request, and what it carries. io.EOF is that there is none.
func readAsk(r io.Reader) (frame, []byte, error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return frame{}, nil, err
	}
	f, err := parseAsk(h[:])
	if err != nil {
		return f, nil, err
	}
	carried := make([]byte, f.up)
	_, err = io.ReadFull(r, carried)
	return f, carried, err
}

// numberOf is that of an answer.
func numberOf(answer []byte) uint64 { return binary.BigEndian.Uint64(answer[3:]) }

// errWrong says that an answer is not the one to this request.
var errWrong = errors.New("the answer is a wrong one")

// check compares an answer with the right one.
func (f frame) check(got []byte) error {
	want := f.answer()
	if bytes.Equal(got, want) {
		return nil
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	return fmt.Errorf("%w: request %d of lane %d: %d bytes instead of %d, different from byte %d on",
		errWrong, f.number, f.lane, len(got), len(want), at)
}
