package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Other clocks of Linux can be given to a process by a time namespace (time_namespaces(7)), but not CLOCK_REALTIME, and
// the machine's clock is not ours to set. A Go program reads it with the function __vdso_clock_gettime (vdso(7)), which
// the kernel maps into each process, copied on write. This is that function with an offset.
var shifted = []byte{
	0xb8, 228, 0, 0, 0, // mov eax, SYS_clock_gettime
	0x0f, 0x05, // syscall
	0x85, 0xff, // test edi, edi: CLOCK_REALTIME is 0
	0x75, 0x0a, // jne ret
	0x48, 0x8b, 0x0d, 0x0e, 0, 0, 0, // mov rcx, [rip+14]: the offset
	0x48, 0x01, 0x0e, // add [rsi], rcx: the seconds
	0xc3, // ret
}

// shiftAt is where the offset is, behind the function, at a multiple of its size.
const shiftAt = 32

// A clock is CLOCK_REALTIME as one process sees it.
type clock struct {
	mem *os.File
	at  int64 // of the function
}

// newClock takes over the clock of a process, which should be stopped.
func newClock(pid int) (*clock, error) {
	from, size, err := vdso(pid)
	if err != nil {
		return nil, err
	}
	mem, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	c := &clock{mem: mem}
	if err := c.patch(from, size); err != nil {
		mem.Close()
		return nil, err
	}
	return c, nil
}

func (c *clock) patch(from int64, size int) error {
	image := make([]byte, size)
	if _, err := c.mem.ReadAt(image, from); err != nil {
		return err
	}
	f, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return err
	}
	all, err := f.DynamicSymbols()
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Name != "__vdso_clock_gettime" {
			continue
		}
		if s.Size < shiftAt+8 || s.Value%8 != 0 {
			return fmt.Errorf("the vDSO's %s at %#x has %d bytes", s.Name, s.Value, s.Size)
		}
		c.at = from + int64(s.Value) //nolint:gosec // an offset in two pages
		code := make([]byte, shiftAt+8)
		copy(code, shifted)
		_, err := c.mem.WriteAt(code, c.at)
		return err
	}
	return errors.New("the vDSO has no __vdso_clock_gettime")
}

// shift makes the clock differ from the machine's.
func (c *clock) shift(d time.Duration) error {
	_, err := c.mem.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(int64(d/time.Second))), c.at+shiftAt) //nolint:gosec // two's complement
	return err
}

func (c *clock) close() { c.mem.Close() }

// vdso says where the kernel's functions are in a process.
func vdso(pid int) (from int64, size int, err error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(maps)) {
		if !strings.HasSuffix(line, "[vdso]\n") {
			continue
		}
		place, _, _ := strings.Cut(line, " ")
		begin, end, _ := strings.Cut(place, "-")
		a, err := strconv.ParseInt(begin, 16, 64)
		if err != nil {
			return 0, 0, err
		}
		b, err := strconv.ParseInt(end, 16, 64)
		return a, int(b - a), err
	}
	return 0, 0, errors.New("the process has no vDSO")
}
