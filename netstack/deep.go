package netstack

// deep makes the stack of a goroutine as large as a call of the engine needs that sends
// something. While there are few frames that costs little: on the way into the engine the
// runtime would copy more of them each time that it doubles the stack. A goroutine that
// waits long must not call it before it has to call the engine.
//
//go:noinline
func deep() {
	var frame [6 << 10]byte
	touch(&frame)
}

// touch keeps the compiler from leaving the frame out.
//
//go:noinline
func touch(*[6 << 10]byte) {}
