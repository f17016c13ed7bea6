package listener

// ForgetCounters lets the next conn tell anew whether the kernel counts.
func ForgetCounters() { counters.Store(nil) }
