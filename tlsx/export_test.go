package tlsx

var (
	ParseTicketKeys = parseTicketKeys
	NextProtos      = nextProtos
	NewNotifier     = &newNotifier
	Open            = open
)

// Trail returns what leads to a path.
func Trail(path string) map[string][]string {
	t := trail{}
	t.walk(path)
	return t
}

// Followed returns what a Source of c looks at.
func Followed(c *Config) map[string]Data {
	all := map[string]Data{}
	for _, n := range c.named() {
		all[n.field] = n.data
	}
	return all
}
