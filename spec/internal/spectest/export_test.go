package spectest

// Effects returns what EveryField would say of the fields that have no proof.
func (c *Case) Effects() map[string]string {
	all := map[string]string{}
	for _, f := range c.fields() {
		if !f.leaf || c.Proofs[f.path] != nil {
			continue
		}
		if err := c.effect(f); err != nil {
			all[f.path] = err.Error()
		}
	}
	return all
}

// Stale returns what EveryField would say of the tables.
func (c *Case) Stale() []string { return c.stale(c.fields()) }

// Differ is differ.
var Differ = differ
