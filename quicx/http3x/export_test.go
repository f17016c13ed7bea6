package http3x

// BeforeEnd has f called just before the stream is closed. Nobody may use the conn yet.
func (c *ExtendedConn) BeforeEnd(f func()) { c.stream = interrupted{c.stream, f} }

type interrupted struct {
	extendedStream

	before func()
}

func (s interrupted) Close() error {
	s.before()
	return s.extendedStream.Close()
}
