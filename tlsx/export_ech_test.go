package tlsx

import "crypto/tls"

func ParseECHConfigs(text []byte) ([]byte, error) { return parseECHConfigs(text) }

func ParseECHKeys(text []byte) ([]tls.EncryptedClientHelloKey, error) { return parseECHKeys(text) }
