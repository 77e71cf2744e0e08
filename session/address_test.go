// SPDX-License-Identifier: GPL-2.0-or-later

package session

import "testing"

func TestParseGDB(t *testing.T) {
	tests := []struct{ in, network, address string }{
		{"tcp::1234", "tcp", "127.0.0.1:1234"},
		{"tcp:localhost:99", "tcp", "localhost:99"},
		{"tcp::1234,server=on,wait=off", "tcp", "127.0.0.1:1234"},
		{"tcp::1234,server,nowait", "tcp", "127.0.0.1:1234"},
		{"unix:/tmp/a:b", "unix", "/tmp/a:b"},
		{"unix:rel.sock,server", "unix", "rel.sock"},
		{"", "", ""}, {"tcp:1234", "", ""}, {"tcp::65536", "", ""}, {"unix:", "", ""}, {"1234", "", ""},
		{"stdio", "", ""}, {"pty", "", ""}, {"none", "", ""}, {"file:x", "", ""}, {"telnet::1234", "", ""}, {"tcp::1,colour=on", "", ""},
	}
	for _, tt := range tests {
		got, err := ParseGDB(tt.in)
		if (err != nil) != (tt.network == "") || err == nil && (got.spec.Network != tt.network || got.spec.Address != tt.address) {
			t.Errorf("ParseGDB(%q) = %+v, error %v; want %s %s", tt.in, got.spec, err, tt.network, tt.address)
		}
	}
}
