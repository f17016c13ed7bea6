package forward

import "github.com/strata-net/strata/netstack"

// echo deals with a ping.
func (f *Forwarder) echo(e netstack.Echo) {
	switch f.config.Echo {
	case EchoAnswer:
		_ = f.reply(e, e.Data) // the device is closed
	case EchoPass:
		from := e
		from.Data = nil
		f.config.OnEcho(e, func(data []byte) error { return f.reply(from, data) })
	default:
		f.stats.echoDropped.Add(1)
	}
}

// reply answers the ping e.
func (f *Forwarder) reply(e netstack.Echo, data []byte) error {
	e.Src, e.Dst, e.Data = e.Dst, e.Src, data
	if err := f.stack.SendEchoReply(e); err != nil {
		return err
	}
	f.stats.echoAnswered.Add(1)
	return nil
}
