package sockopt

// A Moment is the state of a socket until which setting an option has an effect.
type Moment uint8

const (
	// AnyTime is for options that take effect whenever they are set.
	AnyTime Moment = iota
	// BeforeBind is for options that only bind looks at.
	BeforeBind
	// BeforeConnect is for options that only connect or listen look at.
	BeforeConnect
)

// String returns "any time", "before bind" or "before connect".
func (m Moment) String() string {
	return [...]string{"any time", "before bind", "before connect"}[m]
}
