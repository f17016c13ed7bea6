package quicx

// Local is an address to dial from, written out.
func Local(s string) (string, error) {
	l, err := parseLocal(s)
	if err != nil {
		return "", err
	}
	return l.text(), nil
}
