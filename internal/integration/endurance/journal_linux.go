package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// A journal holds how often each request of a lane has arrived, a byte for each number. The file is shared memory, so
// what an upstream has written there stays when the upstream is killed.
type journal struct {
	mu   sync.Mutex
	page []byte
}

// journalSize is how many requests a lane can have. What is not used takes no room.
const journalSize = 1 << 28

func journalPath(dir string, lane byte) string {
	return filepath.Join(dir, "lane"+strconv.Itoa(int(lane)))
}

// openJournal opens the journal of a lane, and makes it if there is none.
func openJournal(dir string, lane byte) (*journal, error) {
	f, err := os.OpenFile(journalPath(dir, lane), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(journalSize); err != nil {
		return nil, err
	}
	page, err := unix.Mmap(int(f.Fd()), 0, journalSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, &os.PathError{Op: "mmap", Path: f.Name(), Err: err}
	}
	return &journal{page: page}, nil
}

func (j *journal) close() error { return unix.Munmap(j.page) }

// note writes that a request has arrived.
func (j *journal) note(number uint64) error {
	if number >= journalSize {
		return fmt.Errorf("request %d: the journal has room for %d", number, journalSize)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.page[number] < 255 {
		j.page[number]++
	}
	return nil
}

// arrived says how often a request has arrived, 255 for more.
func (j *journal) arrived(number uint64) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return int(j.page[number])
}
