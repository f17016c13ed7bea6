package main

import "github.com/prometheus/client_golang/prometheus"

// A sample is one value of a metric, with the values of its labels.
type sample struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	value  float64
	labels []string
}

// collector turns the Stats of something into metrics, at each scrape. Counters
// that the module keeps anyway are not kept twice, and nothing is paid between
// scrapes.
type collector struct {
	descs []*prometheus.Desc
	stats func() []sample
}

func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		to <- d
	}
}

func (c *collector) Collect(to chan<- prometheus.Metric) {
	for _, s := range c.stats() {
		to <- prometheus.MustNewConstMetric(s.desc, s.kind, s.value, s.labels...)
	}
}

// describe makes a metric. Its labels have few values: kinds, states and protocols,
// never an address, which every client could make more of.
func (c *collector) describe(name, help string, labels ...string) *prometheus.Desc {
	d := prometheus.NewDesc("strata_"+name, help, labels, nil)
	c.descs = append(c.descs, d)
	return d
}

func counter[N int64 | uint64](d *prometheus.Desc, n N, labels ...string) sample {
	return sample{d, prometheus.CounterValue, float64(n), labels}
}

func gauge[N int | int64 | uint64](d *prometheus.Desc, n N, labels ...string) sample {
	return sample{d, prometheus.GaugeValue, float64(n), labels}
}
