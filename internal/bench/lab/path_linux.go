package lab

import "os"

// NamespaceAt opens a namespace that another process has: path is what its Path says.
func NamespaceAt(path string) (*Namespace, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &Namespace{file: f}, nil
}
