package listener

import "math/bits"

// slots of a wheel, one for each bit of its mask. More than twice of what is
// needed when the sweeper is on time, see newSweeper.
const wheelSlots = 64

// wheel sorts guards by the tick at which they are due: a list through the
// guards themselves for each of the ticks to come. All is O(1) and nothing
// allocates.
type wheel struct {
	slots  [wheelSlots]*guard
	filled uint64 // the slots that are not empty
	base   int64  // the slots are those of the ticks after it
}

// seat is where a guard is in a wheel.
type seat struct {
	prev, next *guard
	slot       uint8 // 1 is the first one; 0: in none
}

// put adds a guard that is due at a tick after now. If that is too far away, it
// is due earlier: whoever takes it looks at the time anyway.
func (h *wheel) put(w *guard, now, due int64) {
	if next, some := h.next(); !some || next > now {
		h.base = now
	}
	i := min(due, h.base+wheelSlots) % wheelSlots
	if w.next = h.slots[i]; w.next != nil {
		w.next.prev = w
	}
	h.slots[i] = w
	h.filled |= 1 << i
	w.slot = uint8(i) + 1 //nolint:gosec // below 64
}

// remove does nothing if the guard is not there.
func (h *wheel) remove(w *guard) {
	if w.slot == 0 {
		return
	}
	if w.next != nil {
		w.next.prev = w.prev
	}
	if i := w.slot - 1; w.prev != nil {
		w.prev.next = w.next
	} else if h.slots[i] = w.next; w.next == nil {
		h.filled &^= 1 << i
	}
	w.seat = seat{}
}

// next returns the first tick at which a guard is due; false if there is none.
func (h *wheel) next() (int64, bool) {
	first := h.base + 1
	turned := bits.RotateLeft64(h.filled, -int(first%wheelSlots))
	return first + int64(bits.TrailingZeros64(turned)), h.filled != 0
}

// take removes a guard that is due now and returns it, nil if there is none.
func (h *wheel) take(now int64) *guard {
	at, some := h.next()
	if !some || at > now {
		return nil
	}
	h.base = at - 1
	w := h.slots[at%wheelSlots]
	h.remove(w)
	return w
}
