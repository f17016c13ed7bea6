package main

import "go.yaml.in/yaml/v4"

func quicRows() []row {
	return []row{
		{field: "versions", ours: "versions", sample: "[Version2]", rule: quicVersions},
		{field: "handshakeIdleTimeout", ours: "handshake_idle_timeout", note: "ms; 0: 5 s on both sides", sample: "1000", rule: duration(ms, "")},
		{field: "maxIdleTimeout", ours: "max_idle_timeout", note: "ms; 0: 30 s on both sides", sample: "1000", rule: duration(ms, "")},
		{field: "initialStreamReceiveWindow", ours: "initial_stream_receive_window_bytes", sample: "65536", rule: number},
		{field: "maxStreamReceiveWindow", ours: "max_stream_receive_window_bytes", sample: "1048576", rule: number},
		{field: "initialConnectionReceiveWindow", ours: "initial_connection_receive_window_bytes", sample: "65536", rule: number},
		{field: "maxConnectionReceiveWindow", ours: "max_connection_receive_window_bytes", sample: "2097152", rule: number},
		{field: "maxIncomingStreams", ours: "max_incoming_streams", note: "0: 100 on both sides, negative: none", sample: "10", rule: number},
		{field: "maxIncomingUniStreams", ours: "max_incoming_uni_streams", note: "0: 100 on both sides, negative: none", sample: "10", rule: number},
		{field: "keepAlivePeriod", ours: "keep_alive_period", note: "ms; 0: none on both sides", sample: "10000", rule: duration(ms, "")},
		{field: "disablePathMTUDiscovery", ours: "disable_path_mtu_discovery", sample: "true", rule: onOff},
		{field: "allow0RTT", ours: "allow0_rtt", sample: "true", rule: onOff},
		{field: "enableDatagrams", ours: "enable_datagrams", sample: "true", rule: onOff},
	}
}

var quicVersionNames = []word{{theirs: "Version1", ours: "v1"}, {theirs: "Version2", ours: "v2"}}

func quicVersions(c *conv, r row, v *yaml.Node) {
	c.enums(r, v, quicVersionNames, func(string) bool { return false })
}
