package tlsx

import "crypto"

// DecryptKey and OpenPFX give the tests the readers of encrypted keys with
// bounds that are low enough to meet.
func DecryptKey(der, password []byte, iterations, memory, lanes int) (crypto.PrivateKey, error) {
	return decryptKey(der, password, effort{iterations, memory, lanes})
}

func OpenPFX(der, password []byte, iterations int) error {
	_, err := openPFX(der, password, effort{iterations: iterations})
	return err
}

// BuildSetting gives the tests a look into what a program was built with.
var BuildSetting = buildSetting
