package dtlsspec

// Refused are the paths in TLSConfig that are refused.
func Refused() []string {
	var all []string
	for _, r := range refused {
		all = append(all, r.path)
	}
	return all
}

// ReadKeys reads the lines of keys_from.
func ReadKeys(text []byte) (map[string][]byte, error) {
	k := keys{}
	err := k.read(text)
	return k, err
}
