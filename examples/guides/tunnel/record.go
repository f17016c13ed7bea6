package main

import (
	"errors"
	"os"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/pcap"
)

// record returns a device whose packets go to a file as well, if that has a name.
func record(dev tunx.IPDevice, name string) (tunx.IPDevice, func() error, error) {
	if name == "" {
		return dev, func() error { return nil }, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, nil, err
	}
	tapped, capture, err := pcap.Tap(dev, file, &pcap.Config{Name: "tunnel", Segments: true})
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return tapped, func() error { return errors.Join(capture.Close(), file.Close()) }, nil
}
